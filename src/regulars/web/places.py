# SPDX-License-Identifier: Apache-2.0
"""Settings: stores and the people who work in them."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from regulars.database.transactions import run_durably
from regulars.kernel.errors import RegularsError
from regulars.tenancy import actions, audit
from regulars.tenancy.access import StaffAccess
from regulars.tenancy.models import Role, Staff, Store, User
from regulars.ui.shell import Choice
from regulars.web.door import BOTH, POST, StaffRequest, staff_page, text_of
from regulars.web.permissions import PAGES

TABS = (
    ("settings", _("Stores")),
    ("staff", _("Staff")),
    ("keys", _("API keys")),
    ("webhooks", _("Webhooks")),
    ("jobs", _("Jobs")),
    ("backups", _("Backups")),
    ("audit", _("Audit log")),
)


def settings_tabs(access: StaffAccess, current: str) -> list[Choice]:
    """Return the tabs of the settings that a person may open."""
    return [
        Choice(label=str(label), url=reverse(name), is_current=name == current)
        for name, label in TABS
        if access.may(PAGES[name])
    ]


@staff_page("stores.manage")
def list_stores(request: StaffRequest) -> HttpResponse:
    """Show the stores."""
    stores = list(Store.objects.of(request.business).order_by("code"))
    count = sum(store.is_active for store in stores)
    finding = ngettext("%(count)s store is open", "%(count)s stores are open", count) % {"count": count}
    context = {"stores_listed": stores, "finding": finding, "tabs": settings_tabs(request.access, "settings")}
    return render(request, "web/stores.html", context)


class StoreForm(forms.Form):
    """A new store."""

    name = forms.CharField(label=_("Name"), max_length=200)
    code = forms.CharField(
        label=_("Code"), max_length=40, help_text=_("What tills and files say for it, like main. It stays.")
    )


class StoreChangeForm(forms.Form):
    """What can change of a store."""

    name = forms.CharField(label=_("Name"), max_length=200)
    is_active = forms.BooleanField(label=_("Open"), required=False)


@staff_page("stores.manage", methods=BOTH)
def new_store(request: StaffRequest) -> HttpResponse:
    """Add a store."""
    form = StoreForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        try:
            actions.create_store(
                request.business, code=given["code"], name=given["name"], actor=request.access.actor, now=request.now
            )
        except RegularsError as error:
            form.add_error("code", text_of(error))
        else:
            return HttpResponseRedirect(reverse("settings"))
    context = {
        "form": form,
        "title": gettext("Where do you sell?"),
        "place": gettext("Stores"),
        "back_url": reverse("settings"),
    }
    return render(request, "web/settings_form.html", context, status=422 if form.errors else 200)


@staff_page("stores.manage", methods=BOTH)
def edit_store(request: StaffRequest, store: UUID) -> HttpResponse:
    """Rename, close or open a store."""
    found = Store.objects.of(request.business).filter(pk=store).first()
    if found is None:
        raise Http404(gettext("There is no such store."))
    initial = {"name": found.name, "is_active": found.is_active}
    form = StoreChangeForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        actions.change_store(found, **form.cleaned_data, actor=request.access.actor, now=request.now)
        return HttpResponseRedirect(reverse("settings"))
    context = {"form": form, "title": found.name, "place": gettext("Stores"), "back_url": reverse("settings")}
    return render(request, "web/settings_form.html", context, status=422 if form.errors else 200)


@staff_page("staff.manage")
def list_staff(request: StaffRequest) -> HttpResponse:
    """Show who works here."""
    people = (
        Staff.objects.of(request.business).filter(is_active=True).select_related("user", "store").order_by("user__name")
    )
    finding = ngettext("%(count)s person works here", "%(count)s people work here", len(people)) % {
        "count": len(people)
    }
    context = {"people": people, "finding": finding, "tabs": settings_tabs(request.access, "staff")}
    return render(request, "web/staff.html", context)


class RoleForm(forms.Form):
    """What somebody may do, and where."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.CASHIER)
    store = forms.ChoiceField(label=_("Works in"), required=False)

    def __init__(self, *args: object, access: StaffAccess, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they come
        self.access = access
        choices = [("", gettext("all stores")), *((str(store.pk), store.name) for store in access.stores)]
        self.fields["store"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    @property
    def chosen_store(self) -> Store | None:
        """Return the store that was chosen; None means all."""
        return next((one for one in self.access.stores if str(one.pk) == self.cleaned_data["store"]), None)


class HireForm(RoleForm):
    """Somebody new. Who can log in already needs no password here."""

    name = forms.CharField(label=_("Name"), max_length=200)
    email = forms.EmailField(label=_("E-mail"), max_length=254, help_text=_("They log in with it."))
    password = forms.CharField(
        label=_("First password"),
        max_length=200,
        strip=False,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_(
            "At least 10 characters; they change it under “You”. Leave it empty for somebody who logs in already."
        ),
    )
    field_order = ("name", "email", "password", "role", "store")


@staff_page("staff.manage", methods=BOTH)
def hire(request: StaffRequest) -> HttpResponse:
    """Let somebody work here."""
    form = HireForm(request.POST if request.method == "POST" else None, access=request.access)
    if form.is_bound and form.is_valid():
        try:
            run_durably(lambda: _hire(request, form))
        except RegularsError as error:
            form.add_error(None, text_of(error))
        else:
            messages.success(request, gettext("%(name)s can work here now.") % {"name": form.cleaned_data["name"]})
            return HttpResponseRedirect(reverse("staff"))
    context = {"form": form, "title": gettext("Who starts?"), "place": gettext("Staff"), "back_url": reverse("staff")}
    return render(request, "web/settings_form.html", context, status=422 if form.errors else 200)


def _hire(request: StaffRequest, form: HireForm) -> None:
    given = form.cleaned_data
    user = None if given["password"] else User.objects.filter(email=given["email"].strip().lower()).first()
    if user is None:
        language = request.access.user.language
        password = given["password"]
        user = actions.create_user(
            given["email"], name=given["name"], password=password, now=request.now, language=language
        )
    actions.hire(
        request.business,
        user=user,
        role=given["role"],
        actor=request.access.actor,
        now=request.now,
        store=form.chosen_store,
    )


class StaffForm(RoleForm):
    """What somebody may do, and a new password for who has forgotten theirs."""

    password = forms.CharField(
        label=_("New password"),
        max_length=200,
        strip=False,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Only for somebody who has forgotten theirs."),
    )
    field_order = ("role", "store", "password")


def _staff(request: StaffRequest, staff: UUID) -> Staff:
    found = Staff.objects.of(request.business).filter(pk=staff, is_active=True).select_related("user").first()
    if found is None:
        raise Http404(gettext("Nobody like that works here."))
    return found


@staff_page("staff.manage", methods=BOTH)
def edit_staff(request: StaffRequest, staff: UUID) -> HttpResponse:
    """Give somebody another role, or another store."""
    found = _staff(request, staff)
    initial = {"role": found.role, "store": str(found.store_id or "")}
    form = StaffForm(request.POST if request.method == "POST" else None, initial=initial, access=request.access)
    if Staff.objects.filter(user=found.user_id, is_active=True).exclude(pk=found.pk).exists():
        del form.fields["password"]  # who works elsewhere too is not this owner's to log in as
    if form.is_bound and form.is_valid():
        try:
            run_durably(lambda: _change_staff(request, found, form))
        except actions.WeakPassword as error:
            form.add_error("password", text_of(error))
        except RegularsError as error:
            form.add_error("role", text_of(error))
        else:
            return HttpResponseRedirect(reverse("staff"))
    context = {
        "form": form,
        "title": found.user.name,
        "place": gettext("Staff"),
        "back_url": reverse("staff"),
        "dismiss_url": reverse("staff_dismiss", args=[found.pk]),
    }
    return render(request, "web/settings_form.html", context, status=422 if form.errors else 200)


def _change_staff(request: StaffRequest, staff: Staff, form: StaffForm) -> None:
    actor, password = request.access.actor, form.cleaned_data.get("password")
    role, store = form.cleaned_data["role"], form.chosen_store
    if (role, store and store.pk) != (staff.role, staff.store_id):
        actions.change_role(staff, role=role, actor=actor, now=request.now, store=store)
    if password:
        actions.change_password(staff.user, password=password)
        audit.record(actor, "staff.password_set", staff, now=request.now)


@staff_page("staff.manage", methods=POST)
def dismiss_staff(request: StaffRequest, staff: UUID) -> HttpResponse:
    """End somebody's work here; what they did stays in the audit log."""
    found = _staff(request, staff)
    run_durably(lambda: actions.dismiss(found, actor=request.access.actor, now=request.now))
    messages.success(request, gettext("%(name)s no longer works here.") % {"name": found.user.name})
    return HttpResponseRedirect(reverse("staff"))
