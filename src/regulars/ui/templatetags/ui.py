# SPDX-License-Identifier: Apache-2.0
"""The components of every page: `{% load ui %}`.

They read from the context only `business` (its country and currency, for money) and `now` (for "3 days ago").
"""

from collections.abc import Mapping, Sequence
from datetime import date as day_type
from datetime import datetime
from typing import Any

from django import template
from django.forms import BoundField
from django.template.context import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone, translation
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import ngettext

from regulars.ui import format as write
from regulars.ui.charts import Figure, Sparkline
from regulars.ui.icons import draw_icon
from regulars.ui.shell import Choice

register = template.Library()

KIND_ICONS = {"neutral": "info", "good": "good", "warn": "alert", "bad": "bad"}
BADGE_KINDS = frozenset({"neutral", "good", "warn", "bad", "accent"})
BUTTON_KINDS = frozenset({"default", "primary", "quiet", "danger"})
SCRIPTS = {"hi": "devanagari", "mr": "devanagari", "te": "telugu", "ml": "malayalam", "hy": "armenian"}
NOTHING = mark_safe("")


def _language() -> str:
    return translation.get_language() or "en"


def _country(context: Context) -> str:
    return str(getattr(context.get("business"), "country", ""))


def _checked(kind: str, known: frozenset[str] | Mapping[str, str]) -> str:
    if kind not in known:
        raise ValueError(f"kind {kind!r} is none of {', '.join(sorted(known))}")
    return kind


def _attributes(given: Mapping[str, object]) -> SafeString:
    """Write keyword arguments as attributes: hx_post is hx-post, True stands alone, None and False are left out."""
    return format_html_join(
        "",
        "{}",
        (
            (
                format_html(" {}", name.replace("_", "-"))
                if value is True
                else format_html(' {}="{}"', name.replace("_", "-"), value),
            )
            for name, value in given.items()
            if value is not None and value is not False and value != ""
        ),
    )


def _icon(name: str) -> SafeString:
    return draw_icon(name) if name else NOTHING


# Page and blocks


@register.simple_tag
def font_preload() -> SafeString:
    """Preload the regular weight of the active language's script, and nothing else."""
    script = SCRIPTS.get(_language().partition("-")[0], "latin")
    address = static(f"ui/fonts/{script}-400.woff2")
    return format_html('<link rel="preload" href="{}" as="font" type="font/woff2" crossorigin>', address)


@register.simple_block_tag
def page_header(content: str, *, title: str, place: str = "", place_url: str = "", lead: str = "") -> SafeString:
    """Say the finding of the page; the content holds its actions, the place says where we are."""
    where = format_html('<a href="{}">{}</a>', place_url, place) if place_url else conditional_escape(place)
    return format_html(
        '<header class="page-header"><div class="page-header-words">{}<h1>{}</h1>{}</div>{}</header>',
        format_html('<p class="page-header-place">{}</p>', where) if place else NOTHING,
        title,
        format_html('<p class="page-header-lead">{}</p>', lead) if lead else NOTHING,
        format_html('<div class="page-header-actions">{}</div>', content) if content.strip() else NOTHING,
    )


@register.simple_block_tag
def card(content: str, *, title: str = "", hint: str = "", level: int = 2, **attributes: object) -> SafeString:
    """Frame one thing that stands for itself."""
    return format_html(
        '<section class="card"{}>{}{}{}</section>',
        _attributes(attributes),
        format_html('<h{} class="card-title">{}</h{}>', level, title, level) if title else NOTHING,
        format_html('<p class="card-hint">{}</p>', hint) if hint else NOTHING,
        content,
    )


@register.simple_tag
def stat(
    label: str, value: object, *, note: str = "", trend: str = "", url: str = "", line: Sparkline | None = None
) -> SafeString:
    """Show one figure with its label and its comparison, in `<div class="stats">`; `trend` is good, bad or empty."""
    return format_html(
        '<div class="stat"><div class="stat-label">{}</div><div class="stat-value">{}</div>'
        '<div class="stat-note">{}{}</div></div>',
        format_html('<a href="{}">{}</a>', url, label) if url else label,
        value,
        format_html('<span class="stat-{}">{}</span>', trend or "neutral", note) if note else NOTHING,
        chart(line) if line else NOTHING,
    )


@register.simple_block_tag
def table(content: str, *, label: str, is_stacking: bool = False, **attributes: object) -> SafeString:
    """Frame the head, body and foot of a table so that it scrolls alone; numbers take the class `num`.

    One whose cells are forms or long texts is stacking: on a phone its cells stand under each other, without the head.
    """
    return format_html(
        '<div class="ledger-frame" role="region" tabindex="0" aria-label="{}"><table class="ledger{}"{}>{}</table></div>',
        label,
        " ledger-stacking" if is_stacking else "",
        _attributes(attributes),
        content,
    )


@register.simple_block_tag
def row(content: str, *, title: str = "", href: str = "", detail: str = "", icon: str = "") -> SafeString:
    """Write one line of a list, in `<div class="rows" role="list">`; with an address the whole line is the link.

    With a title the content stands at the end of the line (figures, badges, buttons); without, it is the line.
    """
    if not title:
        body = format_html('<a class="row-link" href="{}">{}</a>', href, content) if href else content
        return format_html('<div class="row" role="listitem">{}<div class="row-body">{}</div></div>', _icon(icon), body)
    return format_html(
        '<div class="row" role="listitem">{}<div class="row-body"><div class="row-title">{}</div>{}</div>{}</div>',
        _icon(icon),
        format_html('<a href="{}">{}</a>', href, title) if href else title,
        format_html('<div class="row-detail">{}</div>', detail) if detail else NOTHING,
        format_html('<div class="row-end">{}</div>', content) if content.strip() else NOTHING,
    )


@register.simple_tag
def badge(word: str, kind: str = "neutral") -> SafeString:
    """Show a state as a word; the kind is neutral, good, warn, bad or accent."""
    return format_html('<span class="badge badge-{}">{}</span>', _checked(kind, BADGE_KINDS), word)


@register.simple_block_tag
def button(content: str, *, kind: str = "default", icon: str = "", size: str = "", **attributes: object) -> SafeString:
    """Do something. Further arguments become attributes: name, value, form, hx_post, aria_label, disabled."""
    return format_html(
        '<button class="button button-{}{}"{}>{}{}</button>',
        _checked(kind, BUTTON_KINDS),
        f" button-{size}" if size else "",
        _attributes({"type": "submit"} | attributes),
        _icon(icon),
        content,
    )


@register.simple_block_tag
def link_button(
    content: str, *, href: str, kind: str = "default", icon: str = "", size: str = "", **attributes: object
) -> SafeString:
    """Go somewhere, looking like a button."""
    return format_html(
        '<a class="button button-{}{}" href="{}"{}>{}{}</a>',
        _checked(kind, BUTTON_KINDS),
        f" button-{size}" if size else "",
        href,
        _attributes(attributes),
        _icon(icon),
        content,
    )


@register.simple_tag
def field(bound: BoundField, *, help_text: str = "") -> SafeString:
    """Write a form field with label, help and errors."""
    kind = getattr(bound.field.widget, "input_type", "")
    return render_to_string(
        "ui/field.html",
        {
            "field": bound,
            "help_text": help_text or bound.help_text,
            "is_check": kind == "checkbox" and not bound.use_fieldset,
        },
    )


@register.simple_block_tag
def notice(content: str, *, kind: str = "neutral", title: str = "", **attributes: object) -> SafeString:
    """Tell something about the page; the kind is neutral, good, warn or bad."""
    return format_html(
        '<div class="notice notice-{}" role="{}"{}>{}<div>{}<div>{}</div></div></div>',
        _checked(kind, KIND_ICONS),
        "alert" if kind == "bad" else "status",
        _attributes(attributes),
        draw_icon(KIND_ICONS[kind]),
        format_html('<p class="notice-title">{}</p>', title) if title else NOTHING,
        content,
    )


@register.simple_block_tag
def empty_state(content: str, *, title: str = "", icon: str = "") -> SafeString:
    """Say what will stand here and how to begin."""
    return format_html(
        '<div class="empty-state">{}{}<div>{}</div></div>',
        _icon(icon),
        format_html('<h3 class="empty-state-title">{}</h3>', title) if title else NOTHING,
        content,
    )


@register.simple_block_tag
def timeline_item(
    content: str, *, title: str, at: datetime, icon: str = "info", kind: str = "neutral", href: str = ""
) -> SafeString:
    """Tell one thing that happened, in `<ol class="timeline">`."""
    return format_html(
        '<li class="timeline-item timeline-{}"><span class="timeline-mark">{}</span><div><div class="timeline-head">'
        '<span class="timeline-title">{}</span>{}</div><div class="timeline-body">{}</div></div></li>',
        _checked(kind, KIND_ICONS),
        draw_icon(icon),
        format_html('<a href="{}">{}</a>', href, title) if href else title,
        _time(at, write.moment(at, timezone.get_current_timezone(), _language())),
        content.strip() and mark_safe(content.strip()),  # noqa: S308 - the template engine rendered and escaped it
    )


@register.simple_tag
def definitions(pairs: Sequence[tuple[str, object]]) -> SafeString:
    """List the particulars of one thing: (term, value) pairs."""
    lines = format_html_join("", "<div><dt>{}</dt><dd>{}</dd></div>", pairs)
    return format_html('<dl class="definitions">{}</dl>', lines)


@register.inclusion_tag("ui/tabs.html")
def tabs(choices: Sequence[Choice], *, label: str) -> dict[str, object]:
    """Switch between views of the same thing."""
    return {"choices": choices, "label": label}


@register.inclusion_tag("ui/search_box.html")
def search_box(
    *, label: str, action: str = "", name: str = "q", value: str = "", target: str = "", is_global: bool = False
) -> dict[str, object]:
    """Ask for words; with a target (a CSS selector) the results follow the typing. The global one answers to "/"."""
    return {"label": label, "action": action, "name": name, "value": value, "target": target, "is_global": is_global}


@register.inclusion_tag("ui/pager.html")
def pager(*, summary: str = "", previous_url: str = "", next_url: str = "", target: str = "") -> dict[str, object]:
    """Go to the page before and after; the summary says where we are."""
    return {"summary": summary, "previous_url": previous_url, "next_url": next_url, "target": target}


@register.simple_tag
def progress(label: str, *, value: int, maximum: int, text: str) -> SafeString:
    """Show how far towards a goal, with the distance in words."""
    return format_html(
        '<div class="progress"><div class="progress-words"><span>{}</span><span class="figure">{}</span></div>'
        '<progress value="{}" max="{}" aria-label="{}"></progress></div>',
        label,
        text,
        max(0, min(value, maximum)),
        max(1, maximum),
        label,
    )


@register.simple_tag
def icon(name: str, *, label: str = "") -> SafeString:
    """Draw an icon; give a label only where no word stands beside it."""
    return draw_icon(name, label=label)


@register.simple_tag
def chart(figure: Figure) -> SafeString:
    """Draw a figure made by `ui.charts`: line chart, bar chart, sparkline or heatmap."""
    return render_to_string(figure.template, {"figure": figure})


# Figures


def _figure(text: str) -> SafeString:
    return format_html('<span class="figure">{}</span>', text)


def _time(value: day_type, text: str) -> SafeString:
    return format_html('<time class="figure" datetime="{}">{}</time>', value.isoformat(), text)


@register.simple_tag(takes_context=True)
def money(
    context: Context, minor: int | None, *, currency: str = "", decimals: write.Decimals = "if_any"
) -> SafeString:
    """Write minor units in the business's currency, or the one given; None is nothing."""
    if minor is None:
        return NOTHING
    code = currency or str(context["business"].currency)
    return _figure(write.money(minor, code, language=_language(), country=_country(context), decimals=decimals))


@register.simple_tag(takes_context=True)
def points(context: Context, amount: int | None, *, scale: int = 0, unit: str | None = None) -> SafeString:
    """Write an amount of points with its unit; a unit of "" leaves the word out."""
    if amount is None:
        return NOTHING
    text = write.points(amount, language=_language(), country=_country(context), scale=scale)
    if unit == "":
        return _figure(text)
    word = unit or ngettext("point", "points", abs(amount) // 10**scale)
    return format_html('<span><span class="figure">{}</span> {}</span>', text, word)


@register.simple_tag(takes_context=True)
def number(context: Context, value: Any, *, decimals: int = 0) -> SafeString:
    """Write a number; None is nothing."""
    if value is None:
        return NOTHING
    return _figure(write.number(value, language=_language(), country=_country(context), decimals=decimals))


@register.simple_tag
def percent(numerator: int, denominator: int, *, decimals: int = 0) -> SafeString:
    """Write a share of two counts; of nothing it is "n/a"."""
    return _figure(write.percent(numerator, denominator, language=_language(), decimals=decimals))


def _local_day(value: day_type) -> day_type:
    return timezone.localdate(value) if isinstance(value, datetime) else value


@register.simple_tag(takes_context=True)
def date(context: Context, value: day_type | None, style: str = "day") -> SafeString:
    """Write a date or an aware datetime in the active zone: day, moment, clock, month or near ("3 days ago")."""
    if value is None:
        return NOTHING
    language, zone = _language(), timezone.get_current_timezone()
    if style in ("moment", "clock"):
        if not isinstance(value, datetime):
            raise ValueError(f"a {style} needs a datetime, got a day")
        text = write.moment(value, zone, language) if style == "moment" else write.clock(value, zone, language)
    elif style == "near":
        today = timezone.localdate(context.get("now") or timezone.now())
        text = write.near_day(_local_day(value), language, today=today)
    elif style == "month":
        text = write.month(_local_day(value), language)
    else:
        text = write.day(_local_day(value), language)
    return _time(value, text)
