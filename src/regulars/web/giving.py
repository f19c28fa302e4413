# SPDX-License-Identifier: Apache-2.0
"""What staff do on a record: points, purchases, returns, rewards. Everything goes through the one path, each form once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext

from regulars.customers.matching import CustomerRef
from regulars.customers.queries import family_of, profile
from regulars.facts.models import Fact, FactKind, Line
from regulars.facts.queries import find_receipts, with_claimed
from regulars.flow.intake import (
    Adjustment,
    Cancel,
    ClaimReceipt,
    Envelope,
    Intake,
    Order,
    OrderLine,
    Receipt,
    Redemption,
    Refusal,
    Return,
    ReturnLine,
    UseEntitlement,
)
from regulars.flow.receive import receive
from regulars.flow.writer import writer
from regulars.kernel.errors import RegularsError
from regulars.kernel.money import parse_quantity
from regulars.programs.explain import text_in
from regulars.programs.words import Words
from regulars.rewards.errors import MemberLimitReached, NotRefundable, OfferPaused, OutOfStock, TierTooLow
from regulars.rewards.models import Entitlement, Offer
from regulars.web.customers import SOURCE, customer_of, enrol, words_of
from regulars.web.door import BOTH, POST, StaffRequest, refusal_text, staff_page, text_of
from regulars.web.once import Once, OnceForm, new_once
from regulars.web.people import name_of
from regulars.web.record import show_record
from regulars.web.record_forms import AdjustForm, PurchaseForm, ReceiptForm, TakeForm

_OF_REWARDS = {one.code: one for one in (OfferPaused, OutOfStock, MemberLimitReached, TierTooLow, NotRefundable)}


def _common(customer: UUID, once: Once) -> dict[str, Any]:
    return {"source": SOURCE, "external_id": once.key, "occurred_at": once.at, "customer": CustomerRef(id=customer)}


def send(request: StaffRequest, intake: Intake) -> Receipt:
    """Send an intake through the path; a refusal is told in words."""
    receipt = writer.receive_one(request.business, intake, Envelope(request.access.actor))
    if receipt.refusal:
        messages.error(request, _refusal(receipt, words_of(request)))
    return receipt


def _refusal(receipt: Receipt, words: Words) -> str:
    assert receipt.refusal is not None
    if receipt.refusal.code == "key_reused":
        return gettext("This form was sent before with other values, and those counted. Look at the record below.")
    if receipt.refusal.code == "returned_too_much":
        return _too_much(receipt.refusal.data, words)
    if receipt.refusal.code in _OF_REWARDS:
        return _of_reward(receipt.refusal, words)
    return refusal_text(receipt.refusal)


def _of_reward(refusal: Refusal, words: Words) -> str:
    """Say why a reward cannot be had, the reward and the levels by their names."""
    kind, code = _OF_REWARDS[refusal.code], str(refusal.data["offer"])
    names = Offer.objects.of(words.business).filter(code=code).values_list("name", flat=True)
    said = {**refusal.data, "offer": next((text_in(name, words.language) for name in names), code)}
    if "tiers" in said:
        said["tiers"] = ", ".join(words.tier(tier) for tier in str(said["tiers"]).split(", "))
    return kind.tell(said, gettext)


def _too_much(data: Mapping[str, object], words: Words) -> str:
    left, quantity = (words.quantity(parse_quantity(str(data[name]))) for name in ("left", "quantity"))
    text = gettext("Of line %(line)s %(left)s can still come back, not %(quantity)s.")
    return text % {"line": data["line"], "left": left, "quantity": quantity}


def _back(customer: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("customer", args=[customer]))


def _tell(request: StaffRequest, receipt: Receipt, text: str) -> None:
    """Say what an intake did; of a form that was sent before, that it did so then."""
    if receipt.is_repeat:
        messages.info(request, " ".join([gettext("This was recorded already; it counts once."), text]))
    else:
        messages.success(request, text)


def _say_balance(receipt: Receipt, words: Words) -> str:
    return words.points(receipt.balance or 0)


@staff_page("points.adjust", methods=POST)
def adjust(request: StaffRequest, customer: UUID) -> HttpResponse:
    """Give or take points with a reason."""
    customer_of(request, customer)
    form = AdjustForm(request.POST, prefix="adjust")
    if not form.is_valid():
        return _again(request, customer, adjust_form=form)
    given, words = form.cleaned_data, words_of(request)
    intake = Adjustment(**_common(customer, given["once"]), points=given["points"], reason=given["reason"])
    receipt = send(request, intake)
    if not receipt.refusal:
        said = {"points": words.signed_points(given["points"]), "balance": _say_balance(receipt, words)}
        _tell(request, receipt, gettext("%(points)s, as you said. The balance is %(balance)s.") % said)
    return _back(customer)


@staff_page("facts.record", methods=POST)
def purchase(request: StaffRequest, customer: UUID) -> HttpResponse:
    """Record a purchase by its amount."""
    customer_of(request, customer)
    form = PurchaseForm(request.POST, prefix="purchase", access=request.access)
    if not form.is_valid():
        return _again(request, customer, purchase_form=form)
    given, words = form.cleaned_data, words_of(request)
    request.session["store"] = given["store"]
    line = OrderLine(sku="", amount_minor=given["amount"])
    receipt = send(request, Order(**_common(customer, given["once"]), store=given["store"], lines=[line]))
    if not receipt.refusal:
        said = {
            "amount": words.money(given["amount"]),
            "points": words.points(receipt.points_earned),
            "balance": _say_balance(receipt, words),
        }
        text = gettext("%(amount)s recorded: %(points)s earned, the balance is %(balance)s.")
        _tell(request, receipt, (text if receipt.balance is not None else gettext("%(amount)s recorded.")) % said)
    return _back(customer)


@staff_page("facts.record", methods=POST)
def add_receipt(request: StaffRequest, customer: UUID) -> HttpResponse:
    """Add a purchase that named nobody by the number on its receipt."""
    customer_of(request, customer)
    form = ReceiptForm(request.POST, prefix="receipt")
    if not form.is_valid():
        return _again(request, customer, receipt_form=form)
    given, words = form.cleaned_data, words_of(request)
    found = find_receipts(request.business, given["number"], given["source"])
    if len(found) > 1:
        form.add_error("source", _several(found))
        return _again(request, customer, receipt_form=form)
    source = found[0].source if found else given["source"] or SOURCE
    receipt = send(
        request, ClaimReceipt(**_common(customer, given["once"]), order=given["number"], order_source=source)
    )
    if not receipt.refusal:
        said = {"points": words.points(receipt.points_earned), "balance": _say_balance(receipt, words)}
        _tell(request, receipt, gettext("Receipt added: %(points)s earned, the balance is %(balance)s.") % said)
    return _back(customer)


def _several(found: Sequence[Fact]) -> str:
    said = {"sources": ", ".join(fact.source for fact in found)}
    return gettext("Several have this number: %(sources)s. Write which it is.") % said


def _again(request: StaffRequest, customer: UUID, **bound: forms.Form) -> HttpResponse:
    """Show the record once more, with the form that needs correcting."""
    return show_record(request, customer, bound)


@staff_page("customers.enrol", methods=POST)
def enrol_customer(request: StaffRequest, customer: UUID) -> HttpResponse:
    """Make a customer a member."""
    customer_of(request, customer)
    form = OnceForm(request.POST)
    if form.is_valid() and enrol(request, customer, form.cleaned_data["once"]):
        messages.success(request, gettext("Now a member: points are collected from the next purchase on."))
    return _back(customer)


@staff_page("rewards.redeem", methods=POST)
def take(request: StaffRequest, customer: UUID) -> HttpResponse:
    """Take a reward for points."""
    customer_of(request, customer)
    form = TakeForm(request.POST)
    if form.is_valid():
        given, words = form.cleaned_data, words_of(request)
        receipt = send(request, Redemption(**_common(customer, given["once"]), offer=given["offer"]))
        if not receipt.refusal:
            said = {"points": words.points(receipt.points_spent), "balance": _say_balance(receipt, words)}
            _tell(request, receipt, gettext("Taken for %(points)s; %(balance)s are left. The code is below.") % said)
    else:
        messages.error(request, gettext("This form is too old. Choose the reward again."))
    return _back(customer)


def _held(request: StaffRequest, customer: UUID) -> Entitlement:
    key = _uuid(request.POST.get("entitlement", ""))
    held = (
        Entitlement.objects.of(request.business)
        .filter(holder__in=family_of(request.business, customer))
        .select_related("fact")
    )
    found = held.filter(pk=key).first() if key else None
    if found is None:
        raise Http404(gettext("There is no such reward."))
    return found


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@staff_page("rewards.redeem", methods=POST)
def use(request: StaffRequest, customer: UUID) -> HttpResponse:
    """Mark a held reward as used: exactly once."""
    held, form = _held(request, customer), OnceForm(request.POST)
    if form.is_valid():
        receipt = send(request, UseEntitlement(**_common(customer, form.cleaned_data["once"]), entitlement=held.pk))
        if not receipt.refusal:
            _tell(request, receipt, gettext("Used. Hand it over."))
    return _back(customer)


@staff_page("rewards.redeem", methods=POST)
def give_back(request: StaffRequest, customer: UUID) -> HttpResponse:
    """Give a reward back: its points return."""
    held, form = _held(request, customer), OnceForm(request.POST)
    if form.is_valid():
        common = _common(customer, form.cleaned_data["once"])
        receipt = send(request, Cancel(**common, cancels=held.fact.external_id, cancels_source=held.fact.source))
        if not receipt.refusal:
            said = {"points": words_of(request).points(receipt.points_returned)}
            _tell(request, receipt, gettext("Given back: %(points)s are there again.") % said)
    return _back(customer)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnableLine:
    """One line of a purchase and how much of it can still come back."""

    position: int
    name: str
    sold: str
    left: str
    amount: str
    value: str
    is_gone: bool


@staff_page("facts.record", methods=BOTH)
def return_purchase(request: StaffRequest, customer: UUID, fact: UUID) -> HttpResponse:
    """Take goods back, all or by line: first show exactly what is reversed, then do it."""
    owned = with_claimed(request.business, family_of(request.business, customer))
    order = Fact.objects.of(request.business).filter(owned, pk=fact, kind=FactKind.ORDER).first()
    if order is None:
        raise Http404(gettext("There is no such purchase."))
    words = words_of(request)
    form = OnceForm(request.POST) if request.method == "POST" else None
    preview: Receipt | None = None
    problem = ""
    if form is not None and form.is_valid():
        intake = _return_intake(request, order, form.cleaned_data["once"])
        if isinstance(intake, str):
            problem = intake
        elif "confirm" in request.POST:
            return _take_back(request, customer, intake, words)
        else:
            preview = preview_of(request, intake)
            problem = _refusal(preview, words) if preview.refusal else ""
    context = {
        "customer": customer,
        "name": name_of(profile(request.business, customer)),
        "order": order,
        "amount": words.money(order.total_minor),
        "lines": _returnable(request, order, words),
        "once": request.POST.get("once") or new_once(request.now),
        "problem": problem,
        "preview": preview_texts(preview, words) if preview and not preview.refusal else [],
    }
    return render(request, "web/return.html", context, status=422 if problem else 200)


def _returnable(request: StaffRequest, order: Fact, words: Words) -> list[ReturnableLine]:
    rows = (
        Line.objects.of(request.business).filter(fact=order).select_related("product", "returned").order_by("position")
    )
    lines = []
    for row in rows:
        left = row.quantity_milli - (row.returned.quantity_milli if hasattr(row, "returned") else 0)
        plain = f"{Decimal(left).scaleb(-3).normalize():f}"
        lines.append(
            ReturnableLine(
                position=row.position,
                name=row.product.name if row.product else gettext("Without items"),
                sold=words.quantity(row.quantity_milli),
                left=plain,
                amount=words.money(row.net_minor),
                value=request.POST.get(f"line-{row.position}", plain),
                is_gone=left <= 0,
            )
        )
    return lines


def _return_intake(request: StaffRequest, order: Fact, once: Once) -> Return | str:
    """Read which lines come back; a text says what is wrong."""
    lines = []
    for name in request.POST:
        text = request.POST.get(name, "")
        if name.startswith("line-") and name.removeprefix("line-").isdigit() and text.strip():
            try:
                milli = parse_quantity(text.strip())
            except RegularsError as error:
                return text_of(error)
            if milli < 0:
                return gettext("“%(value)s” cannot come back: write how many pieces, like 1.") % {"value": text[:20]}
            if milli:
                position = int(name.removeprefix("line-")[:6])
                lines.append(ReturnLine(quantity=f"{Decimal(milli).scaleb(-3):f}", line=position))
    if not lines:
        return gettext("Nothing comes back yet: write how many pieces of which line.")
    return Return(
        source=SOURCE,
        external_id=once.key,
        occurred_at=once.at,
        order=order.external_id,
        order_source=order.source,
        lines=lines,
    )


def preview_of(request: StaffRequest, intake: Intake) -> Receipt:
    """Return the receipt that an intake would get: the path does it all, and then nothing of it is kept."""
    with transaction.atomic():
        receipt = receive(request.business, [intake], now=request.now)[0]
        transaction.set_rollback(True)
    return receipt


def preview_texts(receipt: Receipt, words: Words) -> Sequence[str]:
    """Say what an intake would do."""
    shortfall = receipt.detail.get("shortfall", 0)
    said: Mapping[str, str] = {
        "reversed": words.points(receipt.points_reversed),
        "returned": words.points(receipt.points_returned),
        "shortfall": words.points(shortfall if isinstance(shortfall, int) else 0),
        "balance": words.points(receipt.balance or 0),
        "tier": words.tier(receipt.tier),
    }
    texts = []
    if receipt.points_reversed:
        texts.append(gettext("%(reversed)s that were earned are taken back."))
    if receipt.points_returned:
        texts.append(gettext("%(returned)s that were paid with are given back."))
    if shortfall:
        texts.append(gettext("%(shortfall)s of it are spent already and stay owed."))
    if not texts:
        texts.append(gettext("No points move."))
    if receipt.balance is not None:
        texts.append(gettext("The balance will be %(balance)s."))
    if receipt.tier:
        texts.append(gettext("The level will be %(tier)s."))
    return [text % said for text in texts]


def _take_back(request: StaffRequest, customer: UUID, intake: Return, words: Words) -> HttpResponse:
    receipt = send(request, intake)
    if not receipt.refusal:
        _tell(request, receipt, " ".join([gettext("The return is recorded."), *preview_texts(receipt, words)]))
    return _back(customer)
