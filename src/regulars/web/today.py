# SPDX-License-Identifier: Apache-2.0
"""The first page: what is still to be set up, and how yesterday and this week went."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Q, Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from regulars.connectors.models import ImportRun
from regulars.customers.models import Customer
from regulars.facts.models import Fact, FactKind
from regulars.facts.queries import current_facts
from regulars.kernel.clock import local_day
from regulars.programs.models import Version
from regulars.rewards.models import Offer
from regulars.tenancy.models import Business
from regulars.ui.style_guide import style_guide_context
from regulars.web.customers import words_of
from regulars.web.door import StaffRequest, staff_page
from regulars.web.permissions import PAGES
from regulars.web.words import Words

SOLD = (FactKind.ORDER, FactKind.RETURN, FactKind.CANCEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to set up."""

    title: str
    hint: str
    url: str
    is_done: bool


@staff_page("customers.view")
def today(request: StaffRequest) -> HttpResponse:
    """Show what to do now."""
    words = words_of(request)
    steps = _steps(request)
    context = {
        "steps": [step for step in steps if not step.is_done],
        "done": sum(step.is_done for step in steps),
        "count": len(steps),
        "finding": _finding(request, words),
    }
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


def _finding(request: StaffRequest, words: Words) -> str:
    """Say how business goes; to those whom the shop's figures do not concern, what they are here for."""
    if not request.access.may("insight.view"):
        return gettext("Who is it?")
    return _week(request.business, local_day(request.now, words.zone), words)


def _week(business: Business, today: date, words: Words) -> str:
    """Say how yesterday and the last seven days went, in one line."""
    yesterday, week = today - timedelta(days=1), today - timedelta(days=7)
    facts = current_facts(business).filter(kind__in=SOLD, local_day__gte=week, local_day__lt=today)
    if not facts.exists():
        return gettext("Nothing was sold in the last seven days")
    is_order, was_yesterday = Q(kind=FactKind.ORDER), Q(local_day=yesterday)
    sums = facts.aggregate(
        day_orders=Count("id", filter=is_order & was_yesterday),
        day_minor=Sum("total_minor", filter=was_yesterday, default=0),
        orders=Count("id", filter=is_order),
        people=Count("customer", filter=is_order, distinct=True),
        minor=Sum("total_minor", default=0),
    )
    text = ngettext(
        "Yesterday %(day_orders)s purchase for %(day)s; in seven days %(orders)s for %(week)s, by %(people)s known customers",
        "Yesterday %(day_orders)s purchases for %(day)s; in seven days %(orders)s for %(week)s, by %(people)s known customers",
        sums["day_orders"],
    )
    return text % {
        "day_orders": words.number(sums["day_orders"]),
        "day": words.money(sums["day_minor"]),
        "orders": words.number(sums["orders"]),
        "week": words.money(sums["minor"]),
        "people": words.number(sums["people"]),
    }


@staff_page("customers.view")
def style_guide(request: StaffRequest) -> HttpResponse:
    """Show everything that pages are made of."""
    return render(request, "ui/style_guide.html", style_guide_context(words_of(request).language))
