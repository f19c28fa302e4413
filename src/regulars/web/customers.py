# SPDX-License-Identifier: Apache-2.0
"""Finding customers, and making and changing them."""

from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from msgspec import UNSET

from regulars.customers import actions
from regulars.customers.actions import IdentityTaken, ProfileChange
from regulars.customers.importing import CustomerRow
from regulars.customers.matching import CustomerRef, IdentityKey
from regulars.customers.models import Customer, Identity
from regulars.customers.queries import Profile, family_of, profile, search
from regulars.customers.searching import PART_MIN
from regulars.flow.intake import Enrolment, Envelope
from regulars.flow.writer import writer
from regulars.kernel.errors import RegularsError
from regulars.kernel.text import NAME_MAX
from regulars.programs.queries import current_program
from regulars.programs.words import Words
from regulars.ui.shell import Choice
from regulars.web.context import LANGUAGE_NAMES
from regulars.web.customer_order import ORDERS, Wanted, ordered_customers
from regulars.web.door import BOTH, POST, StaffRequest, refusal_text, staff_page, text_of
from regulars.web.once import Once, OnceForm, new_once
from regulars.web.people import count_customers, identity_text, list_people, name_of, unit_of

PAGE = 50
SOURCE = "staff"


def words_of(request: StaffRequest) -> Words:
    """Return the words of the business and its program now."""
    stores = {store.code: store.name for store in request.access.stores}
    return Words(request.business, current_program(request.business, request.now), stores=stores)


@staff_page("customers.view")
def list_customers(request: StaffRequest) -> HttpResponse:
    """Show customers, who was here last first or in the order asked for, or those a text finds."""
    text, tag, after, order = (request.GET.get(name, "")[:300] for name in ("q", "tag", "after", "order"))
    text, order = text.strip()[:200], order if order in ORDERS else ""
    words = words_of(request)
    if text:
        page = search(request.business, text, tag=tag, after=after or None, limit=PAGE)
    else:
        page = ordered_customers(request.business, Wanted(order, tag, after, unit_of(words.program)), limit=PAGE)
    people = list_people(request.business, page.customers, words, now=request.now)
    asked = {"q": text, "tag": tag, "order": order}
    context = {
        "people": people,
        "text": text,
        "is_short": len(text) < PART_MIN,
        "orders": [] if text else _orders(tag, order),
        "unit": words.unit or None,
        "next_url": _listed({**asked, "after": page.after}) if page.after else "",
        "previous_url": _listed(asked) if after else "",
        "new_url": f"{reverse('customer_new')}?{urlencode({'q': text})}",
        "search_url": None,
    }
    if request.headers.get("HX-Target") == "results":
        return render(request, "web/customers.html#results", context)
    context["finding"] = _finding(request, words, text, len(people), is_all=page.after is None and not after)
    return render(request, "web/customers.html", context)


def _orders(tag: str, current: str) -> list[Choice]:
    return [
        Choice(label=str(label), url=_listed({"tag": tag, "order": order}), is_current=order == current)
        for order, label in ORDERS.items()
    ]


def _finding(request: StaffRequest, words: Words, text: str, count: int, *, is_all: bool) -> str:
    if text:
        found = ngettext("%(count)s customer found for “%(text)s”", "%(count)s customers found for “%(text)s”", count)
        at_least = gettext("The best matches for “%(text)s”")
        return (found if is_all else at_least) % {"count": words.number(count), "text": text}
    customers, members = count_customers(request.business)
    if not customers:
        return gettext("Nobody is known yet")
    said = {"customers": words.number(customers), "members": words.number(members)}
    return gettext("%(customers)s customers, %(members)s of them members") % said


def _listed(query: Mapping[str, str | None]) -> str:
    return f"{reverse('customers')}?{urlencode({name: value for name, value in query.items() if value})}"


class NewCustomerForm(OnceForm):
    """Two fields are enough."""

    contact = forms.CharField(
        label=_("Phone"), max_length=254, help_text=_("As it is dialled here, or an e-mail address.")
    )
    name = forms.CharField(label=_("Name"), max_length=NAME_MAX, required=False)
    is_member = forms.BooleanField(
        label=_("Joins the program"),
        required=False,
        initial=True,
        help_text=_("Ask first. Only members collect points."),
    )


def _contact_key(text: str) -> IdentityKey:
    return ("email" if "@" in text else "phone", text)


@staff_page("customers.enrol", methods=BOTH)
def new_customer(request: StaffRequest) -> HttpResponse:
    """Make a customer from a phone number and a name; a second click finds the one just made."""
    if request.method == "POST":
        form = NewCustomerForm(request.POST)
        found = _make(request, form) if form.is_valid() else None
        if found is not None:
            return HttpResponseRedirect(reverse("customer", args=[found]))
        return render(request, "web/customer_new.html", {"form": form, **_known(form)}, status=422)
    asked = request.GET.get("q", "").strip()[:200]
    field = "contact" if any(char.isdigit() for char in asked) or "@" in asked else "name"
    form = NewCustomerForm(initial={field: asked, "once": new_once(request.now)})
    return render(request, "web/customer_new.html", {"form": form})


def _known(form: NewCustomerForm) -> dict[str, object]:
    return {"known": getattr(form, "known", None)}


def _make(request: StaffRequest, form: NewCustomerForm) -> UUID | None:
    given = form.cleaned_data
    row = CustomerRow(
        identities=(_contact_key(given["contact"]),), name=given["name"], language=request.business.languages[0]
    )
    try:
        customer = actions.create_customer(request.business, row, actor=request.access.actor, now=request.now).pk
        messages.success(request, gettext("Welcome: the customer is recorded."))
    except IdentityTaken as error:
        known = profile(request.business, UUID(str(error.data["customer"])))
        if not _is_same_click(known, given["name"], given["once"]):
            form.known = known  # type: ignore[attr-defined]  # shown beside the error
            form.add_error("contact", gettext("%(name)s has this contact already.") % {"name": name_of(known)})
            return None
        customer = known.id
    except RegularsError as error:
        form.add_error("contact", text_of(error))
        return None
    if given["is_member"]:
        enrol(request, customer, given["once"])
    return customer


def _is_same_click(known: Profile, name: str, once: Once) -> bool:
    return known.created_at >= once.at and known.name == name.strip()


def enrol(request: StaffRequest, customer: UUID, once: Once) -> bool:
    """Make a customer a member; say why where that cannot be."""
    intake = Enrolment(source=SOURCE, external_id=once.key, occurred_at=once.at, customer=CustomerRef(id=customer))
    receipt = writer.receive_one(request.business, intake, Envelope(request.access.actor))
    if receipt.refusal:
        messages.error(request, refusal_text(receipt.refusal))
        return False
    return True


class ProfileForm(forms.Form):
    """What is known of a person."""

    name = forms.CharField(label=_("Name"), max_length=NAME_MAX, required=False)
    language = forms.ChoiceField(label=_("Speaks"), required=False)
    birthday = forms.DateField(
        label=_("Birthday"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    tags = forms.CharField(
        label=_("Tags"), required=False, max_length=2_000, help_text=_("Words of your own, separated by commas.")
    )

    def __init__(self, data: QueryDict | None, *, known: Profile) -> None:
        initial = {
            "name": known.name,
            "language": known.language,
            "birthday": known.birthday,
            "tags": ", ".join(known.tags),
        }
        super().__init__(data, initial=initial)
        choices = [("", gettext("not known")), *LANGUAGE_NAMES.items()]
        if known.language and known.language not in dict(choices):
            choices.append((known.language, known.language))
        self.fields["language"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField


class IdentityForm(forms.Form):
    """One more way to recognise a customer."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Identity.Kind.choices, initial=Identity.Kind.PHONE)
    value = forms.CharField(label=_("Number or address"), max_length=254)
    as_contact = forms.BooleanField(
        label=_("Shared with others"),
        required=False,
        help_text=_("A family's phone: it finds this person but does not stand for them."),
    )


def customer_of(request: StaffRequest, customer: UUID) -> Customer:
    """Return a customer of the business; anybody else's is not there."""
    found = Customer.objects.of(request.business).filter(pk=customer).select_related("business").first()
    if found is None:
        raise Http404(gettext("There is no such customer."))
    return found


@staff_page("customers.edit", methods=BOTH)
def edit_customer(request: StaffRequest, customer: UUID) -> HttpResponse:
    """Change a profile."""
    known = profile(request.business, customer)
    form = ProfileForm(request.POST if request.method == "POST" else None, known=known)
    if form.is_bound and form.is_valid() and _change(request, customer, form):
        messages.success(request, gettext("The profile is saved."))
        return HttpResponseRedirect(reverse("customer", args=[customer]))
    context = {
        "form": form,
        "identity_form": IdentityForm(),
        "identities": [
            (one, identity_text(one, is_masked=False), Identity.Kind(one.kind).label) for one in known.identities
        ],
        "name": name_of(known),
        "customer": customer,
    }
    return render(request, "web/customer_edit.html", context, status=422 if form.errors else 200)


def _change(request: StaffRequest, customer: UUID, form: ProfileForm) -> bool:
    given = form.cleaned_data
    tags = [tag for part in given["tags"].split(",") if (tag := part.strip())]
    language = given["language"] or UNSET
    change = ProfileChange(name=given["name"], birthday=given["birthday"], tags=tags, language=language)
    try:
        actions.change_profile(customer_of(request, customer), change, actor=request.access.actor, now=request.now)
    except RegularsError as error:
        form.add_error(None, text_of(error))
        return False
    return True


@staff_page("customers.edit", methods=POST)
def add_identity(request: StaffRequest, customer: UUID) -> HttpResponse:
    """Add a way to recognise a customer."""
    found, form = customer_of(request, customer), IdentityForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        identity = (given["kind"], given["value"])
        actions.add_identity(
            found, identity, as_contact=given["as_contact"], actor=request.access.actor, now=request.now
        )
        messages.success(request, gettext("The contact is added."))
    else:
        messages.error(request, gettext("Write the number or address to add."))
    return HttpResponseRedirect(reverse("customer_edit", args=[customer]))


@staff_page("customers.edit", methods=POST)
def remove_identity(request: StaffRequest, customer: UUID, identity: UUID) -> HttpResponse:
    """Take a way to recognise a customer away."""
    found = (
        Identity.objects.of(request.business)
        .filter(pk=identity, customer__in=family_of(request.business, customer))
        .select_related("customer__alias")
        .first()
    )
    if found is None:
        raise Http404
    actions.remove_identity(found, actor=request.access.actor, now=request.now)
    messages.success(request, gettext("The contact is removed."))
    return HttpResponseRedirect(reverse("customer_edit", args=[customer]))
