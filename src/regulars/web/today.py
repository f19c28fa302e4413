# SPDX-License-Identifier: Apache-2.0
"""The first page: what is still to be set up, how business went, whom to greet, what ends soon and what waits."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from regulars.connectors.models import ImportRun
from regulars.customers.models import Customer
from regulars.facts.models import Fact
from regulars.programs.models import Version
from regulars.programs.words import Words
from regulars.rewards.models import Offer
from regulars.ui.style_guide import style_guide_context
from regulars.web.customers import words_of
from regulars.web.door import StaffRequest, staff_page
from regulars.web.morning import Sums, endings, figures_of, greetings, read_sums, tasks
from regulars.web.permissions import PAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to set up."""

    title: str
    hint: str
    url: str
    is_done: bool


@staff_page("customers.view")
def today(request: StaffRequest) -> HttpResponse:
    """Show what to do now; the shop's figures only to those whom they concern."""
    words = words_of(request)
    steps = _steps(request)
    context: dict[str, object] = {
        "steps": [step for step in steps if not step.is_done],
        "done": sum(step.is_done for step in steps),
        "count": len(steps),
        "finding": gettext("Who is it?"),
        "tasks": tasks(request, words),
        "greetings": greetings(request, words),
        "endings": endings(request, words),
    }
    if request.access.may("insight.view"):
        sums = read_sums(request, words)
        context |= {"finding": _finding(*sums[:3], words), "figures": figures_of(sums, words)}
    return render(request, "web/today.html", context)


def _steps(request: StaffRequest) -> list[Step]:
    business = request.business
    is_known = Customer.objects.of(business).exists()
    steps = [
        (
            "settings",
            _("Add your store"),
            _("Purchases and reports speak of stores by their code."),
            bool(request.access.stores),
        ),
        (
            "program",
            _("Publish a program"),
            _("What members collect and what for. A starter program is there to change."),
            Version.objects.of(business).exists(),
        ),
        (
            "reward_new",
            _("Offer a reward"),
            _("Something small that a regular earns in three visits."),
            Offer.objects.of(business).filter(is_active=True).exists(),
        ),
        ("customer_new", _("Record the first customer"), _("A phone number is enough."), is_known),
        (
            "import_new",
            _("Import what you have"),
            _("Customers and years of purchases, from your till or a spreadsheet."),
            is_known and (ImportRun.objects.of(business).exists() or Fact.objects.of(business).exists()),
        ),
    ]
    return [
        Step(title=str(title), hint=str(hint), url=reverse(name), is_done=is_done)
        for name, title, hint, is_done in steps
        if request.access.may(PAGES[name])
    ]


def _finding(so_far: Sums, yesterday: Sums, week: Sums, words: Words) -> str:
    """Say how yesterday went; where nothing was sold in the seven days to yesterday, how today goes."""
    if not week.orders and not week.minor:
        if not so_far.orders:
            return gettext("Nothing was sold in the last seven days")
        text = ngettext(
            "Today so far %(count)s purchase for %(amount)s",
            "Today so far %(count)s purchases for %(amount)s",
            so_far.orders,
        )
        return text % {"count": words.number(so_far.orders), "amount": words.money(so_far.minor)}
    text = ngettext(
        "Yesterday %(count)s purchase for %(amount)s",
        "Yesterday %(count)s purchases for %(amount)s",
        yesterday.orders,
    )
    return text % {"count": words.number(yesterday.orders), "amount": words.money(yesterday.minor)}


@staff_page("customers.view")
def style_guide(request: StaffRequest) -> HttpResponse:
    """Show everything that pages are made of."""
    return render(request, "ui/style_guide.html", style_guide_context(words_of(request).language))
