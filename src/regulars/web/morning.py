# SPDX-License-Identifier: Apache-2.0
"""What an owner wants to know in the morning: how business went, whom to greet, what ends soon, what waits for a hand."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from regulars.connectors.models import ImportRun
from regulars.connectors.runs import folder_of
from regulars.customers.models import Customer
from regulars.customers.queries import Profile, profiles
from regulars.facts.models import FactKind
from regulars.facts.queries import current_facts
from regulars.kernel.clock import end_of_day, end_of_month, last_day, local_day, start_of_day
from regulars.ledger.queries import ending_before, moved_by_day
from regulars.outbox.models import Job
from regulars.outbox.queries import dead_letters
from regulars.programs.explain import text_in
from regulars.programs.models import Membership
from regulars.programs.queries import draft_of
from regulars.programs.words import Words
from regulars.rewards.models import Entitlement
from regulars.web.backups import LATE_AFTER
from regulars.web.door import StaffRequest
from regulars.web.people import name_of
from regulars.web.permissions import PAGES
from regulars.work.kept_backups import kept_backups

SOLD = (FactKind.ORDER, FactKind.RETURN, FactKind.CANCEL)
GIVEN = frozenset({"earn", "reverse_earn", "cancel_pending"})
SPENT = frozenset({"spend", "settle", "reverse_spend"})
SHOWN = 5
RUNS_LOOKED_AT = 10
SOON = timedelta(days=7)
WAITING_TOO_LONG = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the page: what there is, and where one acts; `discard` takes it away."""

    title: str
    url: str
    discard: str = ""
    detail: str = ""
    icon: str = "task"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure for today so far, yesterday, the last seven days and the seven before."""

    label: str
    url: str
    values: Sequence[str]


@dataclass(slots=True)
class Sums:
    """What was sold, given and won in some days."""

    minor: int = 0
    orders: int = 0
    member_orders: int = 0
    given: int = 0
    spent: int = 0
    members: int = 0


SumsOf = Callable[[date], list[Sums]]
"""Which sums the figures of a day belong to."""


def read_sums(request: StaffRequest, words: Words) -> tuple[Sums, Sums, Sums, Sums]:
    """Return the sums of today so far, of yesterday, of the last seven days, and of the seven before. Three queries."""
    today = local_day(request.now, words.zone)
    so_far, yesterday, week, before = sums = Sums(), Sums(), Sums(), Sums()
    ages = ((so_far, 0, 0), (yesterday, 1, 1), (week, 1, 7), (before, 8, 14))

    def sums_of(day: date) -> list[Sums]:
        age = (today - day).days
        return [one for one, first, last in ages if first <= age <= last]

    first, end = today - timedelta(days=14), today + timedelta(days=1)
    _add_sales(request, sums_of, first, end)
    _add_points(request, sums_of, first, end)
    starts = {age: start_of_day(today - timedelta(days=age), words.zone) for age in (-1, 0, 1, 7, 14)}
    joined = Membership.objects.of(request.business).filter(enrolled_at__gte=starts[14], enrolled_at__lt=starts[-1])
    members = joined.aggregate(
        so_far=Count("pk", filter=Q(enrolled_at__gte=starts[0])),
        yesterday=Count("pk", filter=Q(enrolled_at__gte=starts[1], enrolled_at__lt=starts[0])),
        week=Count("pk", filter=Q(enrolled_at__gte=starts[7], enrolled_at__lt=starts[0])),
        before=Count("pk", filter=Q(enrolled_at__lt=starts[7])),
    )
    so_far.members, yesterday.members = members["so_far"], members["yesterday"]
    week.members, before.members = members["week"], members["before"]
    return sums


def _add_sales(request: StaffRequest, sums_of: SumsOf, first: date, end: date) -> None:
    member = Membership.objects.filter(pk=OuterRef("customer"))
    sold = current_facts(request.business).filter(local_day__gte=first, local_day__lt=end, kind__in=SOLD)
    rows = sold.annotate(is_member=Exists(member)).order_by().values_list("local_day", "kind", "is_member")
    for day, kind, is_member, count, minor in rows.annotate(count=Count("pk"), minor=Sum("total_minor")):
        for one in sums_of(day):
            one.minor += minor
            one.orders += count if kind == FactKind.ORDER else 0
            one.member_orders += count if kind == FactKind.ORDER and is_member else 0


def _add_points(request: StaffRequest, sums_of: SumsOf, first: date, end: date) -> None:
    for day, kind, points in moved_by_day(request.business, first=first, end=end):
        for one in sums_of(day):
            if kind in GIVEN:
                one.given += points
            elif kind in SPENT:
                one.spent -= points


def figures_of(sums: Sequence[Sums], words: Words) -> list[Figure]:
    """Return the rows of the table of figures."""
    latest = f"{reverse('customers')}?order=joined"
    retention, program, customers = reverse("retention"), reverse("program"), reverse("customers")
    return [
        Figure(label=gettext("Sales, less returns"), url=retention, values=[words.money(one.minor) for one in sums]),
        Figure(label=gettext("Purchases"), url=retention, values=[words.number(one.orders) for one in sums]),
        Figure(
            label=gettext("Purchases by members"),
            url=customers,
            values=[words.percent(one.member_orders, one.orders) for one in sums],
        ),
        Figure(label=gettext("Points earned"), url=program, values=[words.number(one.given) for one in sums]),
        Figure(label=gettext("Points spent"), url=reverse("rewards"), values=[words.number(one.spent) for one in sums]),
        Figure(label=gettext("New members"), url=latest, values=[words.number(one.members) for one in sums]),
    ]


def greetings(request: StaffRequest, words: Words) -> list[Line]:
    """Return whose birthday it is today; who was born on a leap day is greeted on the 28th in other years."""
    today = local_day(request.now, words.zone)
    is_today = Q(birthday__month=today.month, birthday__day=today.day)
    if today == end_of_month(today) and (today.month, today.day) == (2, 28):
        is_today |= Q(birthday__month=2, birthday__day=29)
    born = Customer.objects.of(request.business).filter(is_today, birthday__isnull=False, alias=None)
    people = profiles(request.business, list(born.order_by("-pk").values_list("pk", flat=True)[:SHOWN]))
    said = gettext("Birthday today")
    return [
        Line(title=name_of(one), detail=said, url=reverse("customer", args=[one.id]), icon="star") for one in people
    ]


def endings(request: StaffRequest, words: Words) -> list[Line]:
    """Return what ends soon: rewards in hand within seven days, one by one, and the points of this month in one line."""
    now, zone = request.now, words.zone
    held = Entitlement.objects.of(request.business).filter(
        state__in=[Entitlement.State.ISSUED, Entitlement.State.RESERVED],
        expires_at__gt=now,
        expires_at__lte=end_of_day(local_day(now, zone) + SOON, zone),
    )
    lines = [
        Line(
            title=text_in(one.offer.name, words.language),
            detail=f"{name_of(who)} · {gettext('through %(when)s') % {'when': words.day(last_day(one.expires_at, zone))}}",
            url=reverse("customer", args=[who.id]),
            icon="ticket",
        )
        for one, who in _with_holders(request, list(held.select_related("offer").order_by("expires_at")[:SHOWN]))
    ]
    return [*lines, *(_ending_points(request, words) if request.access.may(PAGES["retention"]) else ())]


def _with_holders(request: StaffRequest, held: Sequence[Entitlement]) -> Iterator[tuple[Entitlement, Profile]]:
    people = {one.id: one for one in profiles(request.business, [one.holder_id for one in held])}
    return ((one, people[one.holder_id]) for one in held)


def _ending_points(request: StaffRequest, words: Words) -> Iterator[Line]:
    month = end_of_month(local_day(request.now, words.zone))
    points, members = ending_before(request.business, now=request.now, end=end_of_day(month, words.zone))
    if points:
        text = ngettext(
            "%(points)s of %(members)s member can be used through %(when)s",
            "%(points)s of %(members)s members can be used through %(when)s",
            members,
        )
        said = {
            "points": words.points(points),
            "members": words.number(members),
            "when": words.day(month),
        }
        yield Line(title=text % said, url=f"{reverse('customers')}?order=points", icon="clock")


def tasks(request: StaffRequest, words: Words) -> list[Line]:
    """Return what waits for a hand, of those things that the person may act on."""
    kinds = (
        ("jobs", _stuck_jobs),
        ("backups", _late_backup),
        ("import_run", _open_imports),
        ("program_draft", _open_draft),
    )
    return [line for page, find in kinds if request.access.may(PAGES[page]) for line in find(request, words)]


def _stuck_jobs(request: StaffRequest, words: Words) -> Iterator[Line]:
    failed = dead_letters(request.business.pk).count()
    if failed:
        text = ngettext("%(count)s job failed for good", "%(count)s jobs failed for good", failed)
        yield Line(title=text % {"count": words.number(failed)}, url=reverse("jobs"), icon="alert")
    late = Job.objects.filter(
        business_id=request.business.pk, state=Job.State.READY, run_at__lt=request.now - WAITING_TOO_LONG
    )
    first = late.order_by("run_at").values_list("run_at", flat=True).first()
    if first is not None:
        said = {"when": words.moment(first)}
        yield Line(
            title=gettext("Background work stands still since %(when)s") % said, url=reverse("jobs"), icon="alert"
        )


def _late_backup(request: StaffRequest, words: Words) -> Iterator[Line]:
    kept = kept_backups()
    if not kept:
        yield Line(title=gettext("There is no backup yet"), url=reverse("backups"), icon="alert")
    elif request.now - kept[0].made_at > LATE_AFTER:
        said = {"made_at": words.moment(kept[0].made_at)}
        yield Line(title=gettext("The last good backup is of %(made_at)s") % said, url=reverse("backups"), icon="alert")


def _open_imports(request: StaffRequest, words: Words) -> Iterator[Line]:
    """Tell of imports as long as their files are kept, of a file brought again only the last time."""
    runs = ImportRun.objects.of(request.business).filter(created_at__gt=request.now - timedelta(days=30))
    seen: set[bytes] = set()
    for run in runs.order_by("-created_at")[:RUNS_LOOKED_AT]:
        digest = bytes(run.file_digest)
        text = "" if digest in seen or not folder_of(run).is_dir() else _said_of(run, words)
        seen.add(digest)
        if text:
            address, discard = (reverse(name, args=[run.pk]) for name in ("import_run", "import_discard"))
            yield Line(title=text, url=address, icon="document", discard=discard)


def _said_of(run: ImportRun, words: Words) -> str:
    said = {"file": run.file_name}
    if run.state == ImportRun.State.FAILED:
        return gettext("%(file)s could not be read to its end") % said
    if run.state in {ImportRun.State.UPLOADED, ImportRun.State.CHECKED}:
        return gettext("%(file)s is ready to be imported") % said
    refused, unmatched = (run.counts.get(name, 0) for name in ("error_rows", "unmatched_lines"))
    is_new = bool(run.counts.get("outcomes", {}).get("recorded"))
    if run.state != ImportRun.State.DONE or not (refused or (unmatched and is_new)):
        return ""
    said |= {"refused": words.number(refused), "unmatched": words.number(unmatched)}
    if not unmatched:
        return gettext("%(file)s: %(refused)s rows not taken") % said
    if not refused:
        return gettext("%(file)s: %(unmatched)s returned lines without a known sale") % said
    return gettext("%(file)s: %(refused)s rows not taken, %(unmatched)s returned lines without a known sale") % said


def _open_draft(request: StaffRequest, words: Words) -> Iterator[Line]:
    draft = draft_of(request.business)
    if draft is not None:
        detail = words.near(draft.updated_at, now=request.now)
        yield Line(
            title=gettext("A draft of the program waits to be published"),
            detail=detail,
            url=reverse("program_draft"),
            icon="program",
        )
