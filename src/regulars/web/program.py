# SPDX-License-Identifier: Apache-2.0
"""The program read as sentences; its draft edited, compared, tried on a basket and published; its history."""

from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import msgspec
from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from regulars.catalog.queries import categories
from regulars.database.transactions import run_durably
from regulars.kernel.clock import local_day, start_of_day
from regulars.kernel.errors import RegularsError
from regulars.kernel.money import exponent
from regulars.ledger.queries import outstanding
from regulars.programs import actions
from regulars.programs.definition import PerAmount, Program, Rule, read_program, to_document
from regulars.programs.explain import text_in
from regulars.programs.models import Draft, Membership, Version
from regulars.programs.queries import (
    cautions_of,
    current_program,
    current_version,
    draft_of,
    draft_to_publish,
    versions,
)
from regulars.programs.starter import starter_program
from regulars.programs.words import Words
from regulars.rewards.models import Offer
from regulars.ui.shell import Choice
from regulars.web.door import BOTH, POST, StaffRequest, staff_page, text_of
from regulars.web.people import unit_of
from regulars.web.program_forms import LadderForm, LevelForms, RuleForm, UnitForm, level_values, make_ladder
from regulars.web.program_preview import BasketForm, compare, sample_values
from regulars.web.program_words import (
    DOWNGRADES,
    caution_texts,
    changes_between,
    ladder_texts,
    rule_sentence,
    rule_texts,
    unit_texts,
)

CATEGORIES_MAX = 200


def _words(request: StaffRequest, program: Program | None) -> Words:
    stores = {store.code: store.name for store in request.access.stores}
    return Words(request.business, program, stores=stores, rewards=_reward_names(request))


def _reward_names(request: StaffRequest) -> dict[str, str]:
    """Return the names of the rewards that can be had, the cheapest first."""
    rows = Offer.objects.of(request.business).filter(is_active=True, price__gt=0).order_by("price", "code")
    return {code: text_in(name, get_language() or "en") for code, name in rows.values_list("code", "name")}


def program_tabs(current: str) -> list[Choice]:
    """Return the tabs of the place."""
    tabs = [("program", gettext("Program")), ("rewards", gettext("Rewards"))]
    return [Choice(label=label, url=reverse(name), is_current=name == current) for name, label in tabs]


def _sentences(program: Program, words: Words, members: dict[str, int] | None = None) -> dict[str, object]:
    return {
        "rules": rule_texts(program, words),
        "unit_texts": unit_texts(program, words).values(),
        "levels": ladder_texts(program.ladder, words, members) if program.ladder else [],
        "downgrade": DOWNGRADES[program.ladder.downgrade] if program.ladder else "",
    }


@staff_page("program.view")
def show(request: StaffRequest) -> HttpResponse:
    """Show what is promised."""
    version = current_version(request.business, request.now)
    context: dict[str, object] = {
        "tabs": program_tabs("program"),
        "versions": versions(request.business),
        "version": version,
        "draft": draft_of(request.business),
    }
    if version is not None:
        program = read_program(version.config)
        words = _words(request, program)
        members = _members(request) if request.access.may("insight.view") else None
        context |= _sentences(program, words, members)
        context["finding"] = _finding(request, program, words, members)
    return render(request, "web/program.html", context)


def _members(request: StaffRequest) -> dict[str, int]:
    rows = (
        Membership.objects.of(request.business)
        .filter(customer__alias=None)
        .values_list("tier")
        .annotate(count=Count("pk"))
    )
    return dict(rows.order_by())


def _finding(request: StaffRequest, program: Program, words: Words, members: dict[str, int] | None) -> str:
    """Say what is owed to how many; to those whom the shop's figures do not concern, what the page is about."""
    if members is None:
        return gettext("What we promise")
    count, owed = sum(members.values()), outstanding(request.business, unit_of(program))
    text = ngettext("%(members)s member holds %(points)s", "%(members)s members hold %(points)s", count)
    return text % {"members": words.number(count), "points": words.points(owed)}


@staff_page("program.view")
def show_version(request: StaffRequest, number: int) -> HttpResponse:
    """Show a published version and what it changed."""
    version = _version(request, number)
    program = read_program(version.config)
    words = _words(request, program)
    earlier = Version.objects.of(request.business).filter(number__lt=number).order_by("-number").first()
    before = read_program(earlier.config) if earlier else None
    changes = changes_between(before, program, words) if before else []
    context = {"version": version, "earlier": earlier, "changes": changes, **_sentences(program, words)}
    return render(request, "web/program_version.html", context)


def _version(request: StaffRequest, number: int) -> Version:
    found = Version.objects.of(request.business).filter(number=number).first()
    if found is None:
        raise Http404(gettext("There is no such version."))
    return found


def _draft_program(request: StaffRequest) -> tuple[Program, Draft | None]:
    """Return the program being edited: the draft, or else the latest version, or else the starter."""
    draft = draft_of(request.business)
    if draft is not None:
        return read_program(draft.config), draft
    latest = Version.objects.of(request.business).order_by("-number").first()
    return read_program(latest.config if latest else starter_program(request.business.currency)), None


def _save(request: StaffRequest, program: Program, form: forms.Form | None = None) -> bool:
    """Keep a program as the draft; a refusal stands on the form, or as a notice."""
    try:
        actions.save_draft(request.business, to_document(program), actor=request.access.actor, now=request.now)
    except RegularsError as error:
        if form is None:
            messages.error(request, text_of(error))
        else:
            form.add_error(None, text_of(error))
        return False
    return True


class PublishForm(forms.Form):
    """From when it holds, and a word for the history."""

    valid_from = forms.DateField(
        label=_("From"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("The beginning of that day; empty means at once."),
    )
    note = forms.CharField(label=_("What changes, in a few words"), max_length=300, required=False)


@staff_page("program.edit")
def show_draft(request: StaffRequest) -> HttpResponse:
    """Show the draft: what it says, what it changes, what a basket would earn."""
    return _draft_page(request, PublishForm(), status=200)


def _draft_page(request: StaffRequest, publish: PublishForm, *, status: int) -> HttpResponse:
    program, draft = _draft_program(request)
    current = current_program(request.business, request.now)
    words = _words(request, program)
    basket = _basket(request, program, words)
    preview = compare(current, program, basket, now=request.now) if basket.is_valid() else None
    context: dict[str, object] = {"basket": basket, "preview": preview, "unit": words.unit or None}
    if request.headers.get("HX-Target") == "preview":
        return render(request, "web/program_draft.html#preview", context)
    context |= {
        "draft": draft,
        "changes": changes_between(current, program, words) if current and draft else [],
        "is_new": current is None and _is_new(request),
        "revision": revision_of(draft),
        "cautions": caution_texts(cautions_of(request.business, program), words),
        "publish_form": publish,
        **_sentences(program, words),
    }
    return render(request, "web/program_draft.html", context, status=status)


def _is_new(request: StaffRequest) -> bool:
    return not Version.objects.of(request.business).exists()


def revision_of(draft: Draft | None) -> str:
    """Name what a page shows of the draft, so that its form publishes that and nothing else."""
    return draft.updated_at.isoformat() if draft else ""


def _basket(request: StaffRequest, program: Program, words: Words) -> BasketForm:
    known = [(one.code, one.name) for one in categories(request.business)[:CATEGORIES_MAX]]
    levels = program.ladder.levels if program.ladder else []
    tiers = [(level.code, text_in(level.name, words.language)) for level in levels] or [("", "–")]
    stores = list(words.stores.items())
    sample = sample_values(request.now, words, known, tiers[0][0])
    data = request.GET if "amount_1" in request.GET else {**sample, "at": f"{sample['at']:%Y-%m-%dT%H:%M}"}
    return BasketForm(data, words=words, choices={"tiers": tiers, "stores": stores, "categories": known})


@staff_page("program.edit", methods=BOTH)
def edit_unit(request: StaffRequest) -> HttpResponse:
    """Change what members collect."""
    program, _draft = _draft_program(request)
    words = _words(request, program)
    form = UnitForm(request.POST if request.method == "POST" else None, words=words, program=program)
    if form.is_bound and form.is_valid() and _save(request, form.make_program(), form):
        return HttpResponseRedirect(reverse("program_draft"))
    context = {"form": form, "title": gettext("What do members collect?")}
    return render(request, "web/program_form.html", context, status=422 if form.errors else 200)


@staff_page("program.edit", methods=BOTH)
def edit_rule(request: StaffRequest, rule: str) -> HttpResponse:
    """Change a rule, or add one under the name "new"."""
    program, _draft = _draft_program(request)
    known = next((one for one in program.rules if one.id == rule), None)
    if known is None and rule != "new":
        raise Http404(gettext("There is no such rule."))
    form = _rule_form(request, program, known)
    sentence = _rule_sentence(form)
    if request.headers.get("HX-Target") == "sentence":
        return render(request, "web/program_rule.html#sentence", {"sentence": sentence})
    if form.is_bound and form.is_valid() and _save(request, _with_rule(program, form.make_rule()), form):
        return HttpResponseRedirect(reverse("program_draft"))
    title = gettext("Change the rule") if known else gettext("What should bring points?")
    context = {"form": form, "title": title, "sentence": sentence}
    return render(request, "web/program_rule.html", context, status=422 if form.errors else 200)


def _rule_form(request: StaffRequest, program: Program, rule: Rule | None) -> RuleForm:
    words = _words(request, program)
    choices = {
        "categories": [(one.code, one.name) for one in categories(request.business)[:CATEGORIES_MAX]],
        "stores": list(words.stores.items()),
    }
    return RuleForm(request.POST if request.method == "POST" else None, words=words, rule=rule, choices=choices)


def _rule_sentence(form: RuleForm) -> str:
    """Say the rule that the form makes, its name aside; nothing where it is not whole."""
    if not form.is_bound:
        given = form.rule or Rule(id="new", name={}, gives=PerAmount(1, 10 ** exponent(form.words.business.currency)))
        return rule_sentence(given, form.words)
    if set(form.errors) - {"name"}:
        return ""
    form.cleaned_data.setdefault("name", "")
    return rule_sentence(form.make_rule(), form.words)


def _with_rule(program: Program, rule: Rule) -> Program:
    ids = [one.id for one in program.rules]
    rules = [rule if one.id == rule.id else one for one in program.rules]
    return msgspec.structs.replace(program, rules=rules if rule.id in ids else [*rules, rule])


@staff_page("program.edit", methods=POST)
def remove_rule(request: StaffRequest, rule: str) -> HttpResponse:
    """Take a rule out of the draft."""
    program, _draft = _draft_program(request)
    rules = [one for one in program.rules if one.id != rule]
    if len(rules) == len(program.rules):
        raise Http404(gettext("There is no such rule."))
    if _save(request, msgspec.structs.replace(program, rules=rules)):
        messages.success(request, gettext("The rule is out of the draft. What is in force has not changed."))
    return HttpResponseRedirect(reverse("program_draft"))


@staff_page("program.edit", methods=BOTH)
def edit_ladder(request: StaffRequest) -> HttpResponse:
    """Change the levels."""
    program, _draft = _draft_program(request)
    words = _words(request, program)
    data = request.POST if request.method == "POST" else None
    form = LadderForm(data, words=words, ladder=program.ladder)
    rows = LevelForms(data, initial=level_values(program.ladder, words), form_kwargs={"words": words}, prefix="level")
    if (
        form.is_bound
        and form.is_valid()
        and rows.is_valid()
        and _save_ladder(request, program, form, rows.cleaned_data)
    ):
        return HttpResponseRedirect(reverse("program_draft"))
    context = {"form": form, "rows": rows}
    return render(request, "web/program_ladder.html", context, status=422 if form.is_bound else 200)


def _save_ladder(request: StaffRequest, program: Program, form: LadderForm, rows: list[dict[str, object]]) -> bool:
    try:
        ladder = make_ladder(form, rows, program)
    except forms.ValidationError as error:
        form.add_error(None, error)
        return False
    return _save(request, msgspec.structs.replace(program, ladder=ladder), form)


@staff_page("program.edit", methods=POST)
def discard(request: StaffRequest) -> HttpResponse:
    """Throw the draft away."""
    draft = draft_of(request.business)
    if draft is not None:
        actions.discard_draft(draft, actor=request.access.actor, now=request.now)
        messages.success(request, gettext("The draft is gone. What is in force has not changed."))
    return HttpResponseRedirect(reverse("program"))


@staff_page("program.edit", methods=POST)
def draft_from_version(request: StaffRequest, number: int) -> HttpResponse:
    """Begin a draft from an earlier version: publishing it rolls back."""
    if _save(request, read_program(_version(request, number).config)):
        messages.success(request, gettext("The draft says what version %(number)s said.") % {"number": number})
    return HttpResponseRedirect(reverse("program_draft"))


@staff_page("program.publish", methods=POST)
def publish(request: StaffRequest) -> HttpResponse:
    """Publish the draft as the next version, if it is still what the page showed."""
    form, (program, draft) = PublishForm(request.POST), _draft_program(request)
    if draft is None and not _is_new(request):
        messages.error(request, gettext("There is no draft to publish. What is in force has not changed."))
        return HttpResponseRedirect(reverse("program"))
    zone = _words(request, program).zone
    today = local_day(request.now, zone)
    if form.is_valid():
        day = form.cleaned_data["valid_from"]
        if day and not today <= day <= today + timedelta(days=366):
            form.add_error(
                "valid_from", _("A version begins today or within a year: what was promised stays promised.")
            )
        elif _publish(request, form, zone):
            return HttpResponseRedirect(reverse("program"))
    return _draft_page(request, form, status=422)


def _publish(request: StaffRequest, form: PublishForm, zone: ZoneInfo) -> bool:
    day = form.cleaned_data["valid_from"]
    begins = start_of_day(day, zone) if day and day > local_day(request.now, zone) else request.now
    try:
        version = run_durably(partial(_publish_seen, request, begins, form.cleaned_data["note"]))
    except RegularsError as error:
        form.add_error(None, text_of(error))
        return False
    if version is None:
        form.add_error(
            None, _("The draft has changed since you opened this page. Look at what it says now, then publish again.")
        )
        return False
    said = {"number": version.number, "when": Words(request.business).moment(begins)}
    messages.success(request, gettext("Version %(number)s is published. It holds from %(when)s.") % said)
    return True


def _publish_seen(request: StaffRequest, begins: datetime, note: str) -> Version | None:
    """Publish what the page showed; None where the draft is another by now."""
    draft = draft_to_publish(request.business)
    if request.POST.get("revision") != revision_of(draft) or (draft is None and not _is_new(request)):
        return None
    actor, now = request.access.actor, request.now
    if draft is not None:
        return actions.publish_draft(draft, valid_from=begins, actor=actor, now=now, note=note)
    document = to_document(read_program(starter_program(request.business.currency)))
    return actions.publish_program(request.business, document, valid_from=begins, actor=actor, now=now, note=note)
