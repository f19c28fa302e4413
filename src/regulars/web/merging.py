# SPDX-License-Identifier: Apache-2.0
"""Two records of one person: found, seen side by side, made one; and undone, with what comes back."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext

from regulars.customers.matching import CustomerRef
from regulars.customers.models import Alias
from regulars.customers.queries import customer_list, profile
from regulars.flow.intake import Envelope, Merge, Receipt, Refusal, Unmerge
from regulars.flow.writer import writer
from regulars.programs.words import Words
from regulars.web.customers import SOURCE, words_of
from regulars.web.door import BOTH, StaffRequest, refusal_text, staff_page
from regulars.web.giving import preview_of
from regulars.web.once import Once, OnceForm, new_once
from regulars.web.people import Head, head_of, list_people, name_of

FOUND_SHOWN = 10


@staff_page("customers.merge", methods=BOTH)
def merge(request: StaffRequest, customer: UUID) -> HttpResponse:
    """Choose who is the same person; show both and what will happen; then make them one."""
    other = _key(request.POST.get("with", "") or request.GET.get("with", ""))
    stays = profile(request.business, customer)
    if stays.merged_into is not None:
        return HttpResponseRedirect(reverse("customer", args=[customer]))
    if other is None:
        return _choose(request, customer, name_of(stays))
    goes = profile(request.business, other)
    names = {customer: name_of(stays), other: name_of(goes)}
    once = _once(request)
    if once is not None:
        done = _send(request, _merge_of(customer, other, once), names)
        if done is not None:
            return _back(done.customer, gettext("The two are one customer now."), request)
    words = words_of(request)
    texts, problem = _merge_preview(request, _merge_of(customer, other, _now(request)), words, names)
    context = {
        "customer": customer,
        "other": other,
        "name": names[customer],
        "heads": [
            (gettext("Stays"), _head(request, customer, words)),
            (gettext("Becomes part of it"), _head(request, other, words)),
        ],
        "texts": texts,
        "problem": problem,
        "swap_url": f"{reverse('customer_merge', args=[other])}?{urlencode({'with': customer})}",
        "other_name": names[other],
        "once": new_once(request.now),
    }
    return render(request, "web/merge.html", context, status=422 if request.method == "POST" else 200)


def _choose(request: StaffRequest, customer: UUID, name: str) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:200]
    found = customer_list(request.business, text=text, limit=FOUND_SHOWN + 1).customers if text else ()
    others = [one for one in found if one.id != customer][:FOUND_SHOWN]
    people = list_people(request.business, others, words_of(request), now=request.now)
    here = reverse("customer_merge", args=[customer])
    context = {
        "customer": customer,
        "name": name,
        "text": text,
        "people": [(one, f"{here}?{urlencode({'with': one.id})}") for one in people],
        "here": here,
    }
    return render(request, "web/merge_choose.html", context)


def _key(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Http404(gettext("There is no such customer.")) from None


def _head(request: StaffRequest, customer: UUID, words: Words) -> Head:
    return head_of(request.access, profile(request.business, customer), words, now=request.now)


def _once(request: StaffRequest) -> Once | None:
    """Return the key of a form that was sent; None, with a word to the reader, for one that is too old."""
    if request.method != "POST":
        return None
    form = OnceForm(request.POST)
    if form.is_valid():
        once: Once = form.cleaned_data["once"]
        return once
    messages.error(request, gettext("This form is too old. Reload the page and fill it in again."))
    return None


def _now(request: StaffRequest) -> Once:
    return Once(key="preview", at=request.now)


def _merge_of(customer: UUID, other: UUID, once: Once) -> Merge:
    return Merge(
        source=SOURCE, external_id=once.key, occurred_at=once.at, customer=CustomerRef(id=customer),
        merged=CustomerRef(id=other),
    )  # fmt: skip


def _refusal(refusal: Refusal, names: Mapping[UUID, str]) -> str:
    """Say why it cannot be, the customers by their names."""
    text = refusal_text(refusal)
    for key, name in names.items():
        text = text.replace(str(key), name)
    return text


def _send(request: StaffRequest, intake: Merge | Unmerge, names: Mapping[UUID, str]) -> Receipt | None:
    receipt = writer.receive_one(request.business, intake, Envelope(request.access.actor))
    if receipt.refusal is not None:
        messages.error(request, _refusal(receipt.refusal, names))
        return None
    return receipt


def _back(customer: UUID | None, text: str, request: StaffRequest) -> HttpResponse:
    messages.success(request, text)
    return HttpResponseRedirect(reverse("customer", args=[customer]))


def _merge_preview(
    request: StaffRequest, intake: Merge, words: Words, names: Mapping[UUID, str]
) -> tuple[Sequence[str], str]:
    receipt = preview_of(request, intake)
    if receipt.refusal is not None:
        return [], _refusal(receipt.refusal, names)
    texts = [
        gettext("Every phone, e-mail and card of both finds this one customer."),
        gettext("Purchases, visits and rewards of both stand on one record."),
        *_points_told(receipt, words, gettext("%(points)s move over; each keeps the day on which it ends.")),
        gettext("What is missing in the profile is taken over, and tags are put together."),
        gettext("It can be undone, unless what is taken back or corrected later mixes the points of both."),
    ]
    return texts, ""


def _points_told(receipt: Receipt, words: Words, moved: str) -> list[str]:
    points, shortfall = receipt.detail.get("points_moved"), receipt.detail.get("shortfall")
    texts = []
    if isinstance(points, int):
        texts.append(moved % {"points": words.points(points)})
    if isinstance(shortfall, int):
        said = {"points": words.points(shortfall)}
        texts.append(gettext("%(points)s of them were used meanwhile: who stays owes them.") % said)
    if receipt.balance is not None:
        texts.append(gettext("The balance will be %(balance)s.") % {"balance": words.points(receipt.balance)})
    if receipt.tier:
        texts.append(gettext("The level will be %(tier)s.") % {"tier": words.tier(receipt.tier)})
    return texts


@staff_page("customers.merge", methods=BOTH)
def unmerge(request: StaffRequest, merged: UUID) -> HttpResponse:
    """Show what each has again when a merge is undone; then undo it."""
    alias = Alias.objects.of(request.business).filter(pk=merged).first()
    gone = profile(request.business, merged)
    names = {merged: name_of(gone)}
    once = _once(request)
    if once is not None:
        done = _send(request, _unmerge_of(merged, once), names)
        if done is not None:
            return _back(done.customer, gettext("The merge is undone: they are two customers again."), request)
    if alias is None:
        return HttpResponseRedirect(reverse("customer", args=[merged]))
    receipt = preview_of(request, _unmerge_of(merged, _now(request)))
    problem = _refusal(receipt.refusal, names) if receipt.refusal else ""
    given = gettext("%(points)s go back, each with the day on which it ends.")
    context = {
        "customer": alias.survivor_id,
        "name": name_of(profile(request.business, alias.survivor_id)),
        "gone_name": names[merged],
        "merged_at": alias.merged_at,
        "problem": problem,
        "texts": []
        if problem
        else [
            gettext("Phones, e-mails, cards, purchases and rewards from before the merge are each one's own again."),
            *_points_told(receipt, words_of(request), given),
            gettext("What was recorded since stays with the one who stayed."),
        ],
        "once": new_once(request.now),
    }
    return render(request, "web/unmerge.html", context, status=422 if request.method == "POST" else 200)


def _unmerge_of(merged: UUID, once: Once) -> Unmerge:
    return Unmerge(source=SOURCE, external_id=once.key, occurred_at=once.at, merged=merged)
