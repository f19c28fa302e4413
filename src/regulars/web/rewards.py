# SPDX-License-Identifier: Apache-2.0
"""The catalogue of rewards: what members can have for their points."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from regulars.kernel.errors import RegularsError
from regulars.programs.explain import text_in
from regulars.programs.lint import namesakes
from regulars.programs.words import Words
from regulars.rewards.actions import PRICE_MAX, VALID_DAYS_MAX, OfferTerms, change_offer, create_offer
from regulars.rewards.models import Offer
from regulars.web.customers import words_of
from regulars.web.door import BOTH, POST, StaffRequest, staff_page, text_of
from regulars.web.fields import MoneyField, needed_text, plain_money
from regulars.web.once import new_once, once_in
from regulars.web.program import program_tabs
from regulars.web.program_forms import WordedForm, renamed
from regulars.web.program_words import caution_texts

TERMS = tuple(field.name for field in fields(OfferTerms))


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferText:
    """A reward for the eye."""

    id: UUID
    name: str
    detail: str
    price: str
    is_active: bool


def worth_text(offer: Offer, words: Words) -> str:
    """Say what a reward is worth at the till."""
    value: Mapping[str, Any] = offer.value
    if offer.kind == "amount_off":
        return gettext("%(amount)s off") % {"amount": words.money(value["amount_minor"])}
    if offer.kind == "percent_off" and value.get("max_minor"):
        said = {"percent": value["percent"], "amount": words.money(value["max_minor"])}
        return gettext("%(percent)s%% off, at most %(amount)s") % said
    if offer.kind == "percent_off":
        return gettext("%(percent)s%% off") % {"percent": value["percent"]}
    if offer.kind == "free_item":
        return gettext("product %(sku)s for nothing") % {"sku": value["sku"]}
    return gettext("a perk")


def _detail(offer: Offer, words: Words) -> str:
    parts = [worth_text(offer, words)]
    taken = {"taken": words.number(offer.taken), "stock": words.number(offer.stock or 0)}
    if offer.stock is not None:
        parts.append(gettext("%(taken)s of %(stock)s taken") % taken)
    elif offer.taken:
        parts.append(ngettext("taken %(taken)s time", "taken %(taken)s times", offer.taken) % taken)
    if offer.per_member_max:
        parts.append(gettext("%(count)s for each member") % {"count": words.number(offer.per_member_max)})
    if offer.tiers:
        parts.append(gettext("for %(tiers)s") % {"tiers": ", ".join(words.tier(code) for code in offer.tiers)})
    return " · ".join(parts)


@staff_page("rewards.view")
def list_rewards(request: StaffRequest) -> HttpResponse:
    """Show the catalogue, the cheapest first."""
    words = words_of(request)
    rows = list(Offer.objects.of(request.business).order_by("-is_active", "price", "code"))
    offers = [
        OfferText(
            id=offer.pk,
            name=text_in(offer.name, words.language),
            detail=_detail(offer, words),
            price=words.points(offer.price),
            is_active=offer.is_active,
        )
        for offer in rows
    ]
    count = sum(offer.is_active for offer in offers)
    finding = ngettext("%(count)s reward to be had", "%(count)s rewards to be had", count) % {
        "count": words.number(count)
    }
    alike = list(namesakes((offer.code, offer.name) for offer in rows if offer.is_active))
    context = {
        "offers": offers,
        "finding": finding,
        "cautions": caution_texts(alike, words),
        "tabs": program_tabs("rewards"),
    }
    return render(request, "web/rewards.html", context)


class RewardForm(WordedForm):
    """One reward: what it is, what it costs, and for whom."""

    name = forms.CharField(
        label=_("Name"), max_length=200, help_text=_("As members read it, in the language you use now.")
    )
    kind = forms.ChoiceField(label=_("It is"), choices=Offer.Kind.choices, initial=Offer.Kind.AMOUNT_OFF)
    amount = MoneyField(label=_("Amount off"), max_length=20, required=False)
    percent = forms.IntegerField(label=_("Percent off"), min_value=1, max_value=100, required=False)
    percent_max = MoneyField(label=_("… but at most"), max_length=20, required=False)
    sku = forms.CharField(label=_("Code of the free product"), max_length=80, required=False)
    price = forms.IntegerField(label=_("Points it costs"), min_value=0, max_value=PRICE_MAX)
    stock = forms.IntegerField(
        label=_("Pieces in all"), min_value=0, required=False, help_text=_("Empty means no limit.")
    )
    per_member_max = forms.IntegerField(label=_("For each member at most"), min_value=1, required=False)
    tiers = forms.MultipleChoiceField(
        label=_("Only for the levels"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen means for all."),
    )
    valid_days = forms.IntegerField(label=_("Days to use it"), min_value=1, max_value=VALID_DAYS_MAX, initial=90)
    is_refundable = forms.BooleanField(label=_("Can be given back for its points"), required=False, initial=True)

    def __init__(self, *args: Any, offer: Offer | None = None, **kwargs: Any) -> None:
        words: Words = kwargs["words"]
        super().__init__(*args, initial=_values(offer, words) if offer else None, **kwargs)
        ladder = words.program.ladder if words.program else None
        levels = [(level.code, text_in(level.name, words.language)) for level in (ladder.levels if ladder else [])]
        self.fields["tiers"].choices = levels  # type: ignore[attr-defined]  # a MultipleChoiceField
        if not levels:
            del self.fields["tiers"]

    def clean(self) -> None:
        """Ask for what the kind of reward needs."""
        given = self.cleaned_data
        needed = {"amount_off": "amount", "percent_off": "percent", "free_item": "sku"}.get(given.get("kind", ""))
        if needed and not given.get(needed) and needed not in self.errors:
            self.add_error(needed, needed_text(given.get(needed)))

    def terms(self, offer: Offer | None, *, code: str) -> OfferTerms:
        """Return the terms that the form says. Texts in other languages stay."""
        given = self.cleaned_data
        return OfferTerms(
            code=code,
            name=renamed(offer.name if offer else {}, given["name"], self.words.language),
            text=offer.text if offer else None,
            kind=given["kind"],
            value=_value(given),
            price=given["price"],
            unit=offer.unit if offer else (self.words.program.unit.code if self.words.program else "points"),
            stock=given["stock"],
            per_member_max=given["per_member_max"],
            tiers=given.get("tiers", ()),
            valid_days=given["valid_days"],
            is_refundable=given["is_refundable"],
            is_active=offer.is_active if offer else True,
        )


def _value(given: Mapping[str, Any]) -> dict[str, Any]:
    match given["kind"]:
        case "amount_off":
            return {"amount_minor": given["amount"]}
        case "percent_off":
            most = {"max_minor": given["percent_max"]} if given["percent_max"] else {}
            return {"percent": given["percent"], **most}
        case "free_item":
            return {"sku": given["sku"].strip()}
    return {}


def _values(offer: Offer, words: Words) -> dict[str, Any]:
    currency = words.business.currency
    return {
        "name": text_in(offer.name, words.language),
        "kind": offer.kind,
        "amount": plain_money(offer.value.get("amount_minor"), currency),
        "percent": offer.value.get("percent"),
        "percent_max": plain_money(offer.value.get("max_minor"), currency),
        "sku": offer.value.get("sku", ""),
        "price": offer.price,
        "stock": offer.stock,
        "per_member_max": offer.per_member_max,
        "tiers": offer.tiers,
        "valid_days": offer.valid_days,
        "is_refundable": offer.is_refundable,
    }


def _offer(request: StaffRequest, offer: UUID) -> Offer:
    found = Offer.objects.of(request.business).filter(pk=offer).first()
    if found is None:
        raise Http404(gettext("There is no such reward."))
    return found


@staff_page("rewards.edit", methods=BOTH)
def new_reward(request: StaffRequest) -> HttpResponse:
    """Add a reward to the catalogue; the same form sent twice adds one."""
    form = RewardForm(request.POST if request.method == "POST" else None, words=words_of(request))
    if form.is_bound and form.is_valid() and _offer_once(request, form):
        return HttpResponseRedirect(reverse("rewards"))
    context = {"form": form, "title": gettext("What can they have?"), "once": new_once(request.now)}
    return render(request, "web/reward.html", context, status=422 if form.errors else 200)


def _offer_once(request: StaffRequest, form: RewardForm) -> bool:
    once = once_in(request, form)
    if once is None:
        return False
    key = UUID(once.key)
    if Offer.objects.of(request.business).filter(pk=key).exists():
        messages.info(request, gettext("This reward is offered already; the form counts once."))
        return True
    terms = form.terms(None, code=f"{slugify(form.cleaned_data['name'])[:30] or 'reward'}-{key.hex[-4:]}")
    try:
        create_offer(request.business, terms, actor=request.access.actor, now=request.now, new_key=lambda: key)
    except RegularsError as error:
        form.add_error(None, text_of(error))
        return False
    return True


@staff_page("rewards.edit", methods=BOTH)
def edit_reward(request: StaffRequest, offer: UUID) -> HttpResponse:
    """Change a reward from now on; what members hold keeps its price and worth."""
    known, words = _offer(request, offer), words_of(request)
    form = RewardForm(request.POST if request.method == "POST" else None, words=words, offer=known)
    if form.is_bound and form.is_valid():
        try:
            change_offer(known, form.terms(known, code=known.code), actor=request.access.actor, now=request.now)
        except RegularsError as error:
            form.add_error(None, text_of(error))
        else:
            messages.success(request, gettext("Changed. What members hold stays as it was when they took it."))
            return HttpResponseRedirect(reverse("rewards"))
    context = {"form": form, "title": text_in(known.name, words.language), "offer": known}
    return render(request, "web/reward.html", context, status=422 if form.errors else 200)


@staff_page("rewards.edit", methods=POST)
def pause_reward(request: StaffRequest, offer: UUID) -> HttpResponse:
    """Stop offering a reward, or offer it again."""
    known = _offer(request, offer)
    same = OfferTerms(**{name: getattr(known, name) for name in TERMS})
    change_offer(known, replace(same, is_active=not known.is_active), actor=request.access.actor, now=request.now)
    return HttpResponseRedirect(reverse("rewards"))
