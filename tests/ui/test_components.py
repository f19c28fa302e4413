# SPDX-License-Identifier: Apache-2.0
"""Components as templates use them: what they write, and that they escape what they are given."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from django import forms
from django.template import Context, Template
from django.utils import timezone, translation

from regulars.ui.shell import Choice
from regulars.ui.templatetags.ui import register

SHOP = SimpleNamespace(name="Madras Coffee House", country="IN", currency="INR")
NASTY = "<script>alert('x')</script>"
NOW = datetime(2026, 9, 14, 11, 20, tzinfo=UTC)


def rendered(source: str, *, language: str = "en", **values: object) -> str:
    context = Context({"business": SHOP, "now": NOW, **values})
    with translation.override(language), timezone.override("Asia/Kolkata"):
        return Template("{% load i18n ui %}" + source).render(context)


def test_there_are_at_most_25_components() -> None:
    assert len(register.tags) <= 25


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("{% money 12345600 %}", '<span class="figure">₹1,23,456</span>'),
        ("{% money 12345600 currency='AMD' %}", '<span class="figure">1,23,456\u00a0֏</span>'),
        ("{% money none %}", ""),
        ("{% money 100 as worth %}[{{ worth }}]", '[<span class="figure">₹1</span>]'),
        ("{% points 1 %}", '<span><span class="figure">1</span> point</span>'),
        ("{% points 250000 %}", '<span><span class="figure">2,50,000</span> points</span>'),
        ("{% points 5 unit='stamps' %}", '<span><span class="figure">5</span> stamps</span>'),
        ("{% points 5 unit='' %}", '<span class="figure">5</span>'),
        ("{% points none %}", ""),
        ("{% number 2.45 decimals=1 %}", '<span class="figure">2.5</span>'),
        ("{% number none %}", ""),
        ("{% percent 1 4 %}", '<span class="figure">25%</span>'),
        ("{% percent 1 0 %}", '<span class="figure">n/a</span>'),
        ("{% badge 'slipping away' 'warn' %}", '<span class="badge badge-warn">slipping away</span>'),
        ("{% date none %}", ""),
    ],
)
def test_small_components(source: str, html: str) -> None:
    assert rendered(source, none=None) == html


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("day", "12 Sept 2026"),
        ("moment", "12 Sept 2026, 1:35\u00a0am"),
        ("clock", "1:35\u00a0am"),
        ("month", "September 2026"),
        ("near", "2 days ago"),
    ],
)
def test_dates_are_those_of_the_active_zone(style: str, text: str) -> None:
    html = rendered("{% date at style %}", at=datetime(2026, 9, 11, 20, 5, tzinfo=UTC), style=style)
    assert html == f'<time class="figure" datetime="2026-09-11T20:05:00+00:00">{text}</time>'


def test_a_day_has_no_clock() -> None:
    with pytest.raises(ValueError, match="needs a datetime"):
        rendered("{% date at 'clock' %}", at=date(2026, 9, 11))


@pytest.mark.parametrize(
    "source",
    [
        "{% page_header title=x place=x lead=x %}{{ x }}{% endpage_header %}",
        "{% page_header title=x place=x place_url=x %}{% endpage_header %}",
        "{% card title=x hint=x id=x %}{{ x }}{% endcard %}",
        "{% stat x x note=x url=x %}",
        "{% table label=x %}<tr><td>{{ x }}</td></tr>{% endtable %}",
        "{% row title=x href=x detail=x %}{{ x }}{% endrow %}",
        "{% row href=x %}{{ x }}{% endrow %}",
        "{% badge x %}",
        "{% button name=x value=x hx_post=x %}{{ x }}{% endbutton %}",
        "{% link_button href=x %}{{ x }}{% endlink_button %}",
        "{% notice title=x %}{{ x }}{% endnotice %}",
        "{% empty_state title=x %}{{ x }}{% endempty_state %}",
        "{% timeline_item title=x at=now href=x %}{{ x }}{% endtimeline_item %}",
        "{% definitions pairs %}",
        "{% tabs choices label=x %}",
        "{% search_box label=x action=x value=x target=x %}",
        "{% pager summary=x previous_url=x next_url=x target=x %}",
        "{% progress x value=1 maximum=2 text=x %}",
        "{% icon 'gift' label=x %}",
        "{% points 1 unit=x %}",
    ],
)
def test_everything_given_is_escaped(source: str) -> None:
    html = rendered(source, x=NASTY, pairs=[(NASTY, NASTY)], choices=[Choice(label=NASTY, url=NASTY)])
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "style=" not in html


@pytest.mark.parametrize(
    "source",
    ["{% badge 'x' 'red' %}", "{% button kind='blue' %}x{% endbutton %}", "{% notice kind='x' %}{% endnotice %}"],
)
def test_an_unknown_kind_is_an_error_and_not_an_unstyled_page(source: str) -> None:
    with pytest.raises(ValueError, match="is none of"):
        rendered(source)


def test_a_button_carries_attributes_and_submits_unless_told() -> None:
    html = rendered("{% button hx_post='/x' disabled=True hidden=False %}Go{% endbutton %}")
    assert html == '<button class="button button-default" type="submit" hx-post="/x" disabled>Go</button>'
    assert 'type="button"' in rendered("{% button type='button' %}Go{% endbutton %}")


def test_a_bad_notice_is_an_alert_and_a_good_one_a_status() -> None:
    assert 'role="alert"' in rendered("{% notice kind='bad' %}No{% endnotice %}")
    assert 'role="status"' in rendered("{% notice kind='good' %}Yes{% endnotice %}")


class OrderForm(forms.Form):
    phone = forms.CharField(label="Phone", help_text="As dialled here.")
    bill = forms.DecimalField(label="Bill", required=False)
    agrees = forms.BooleanField(label="Agrees", required=False)
    channel = forms.ChoiceField(label="By", widget=forms.RadioSelect, choices=[("sms", "SMS")], required=False)
    key = forms.CharField(widget=forms.HiddenInput, required=False)


def test_a_field_has_label_help_and_a_told_error() -> None:
    html = rendered("{% field form.phone %}", form=OrderForm({"phone": ""}))
    assert '<label class="field-label" for="id_phone">Phone</label>' in html
    assert 'id="id_phone_helptext">As dialled here.' in html
    assert 'aria-describedby="id_phone_helptext id_phone_error"' in html
    assert 'aria-invalid="true"' in html
    assert "This field is required." in html


def test_fields_of_other_sorts() -> None:
    form = OrderForm()
    assert "(optional)" in rendered("{% field form.bill %}", form=form)
    assert "field-check" in rendered("{% field form.agrees %}", form=form)
    assert "<legend>By" in rendered("{% field form.channel %}", form=form)
    assert rendered("{% field form.key %}", form=form).strip() == '<input type="hidden" name="key" id="id_key">'


def test_words_of_components_follow_the_language() -> None:
    with translation.override("te"):
        assert "1,23,456" in rendered("{% money 12345600 %}", language="te")
    assert "12 సెప్టెం" in rendered("{% date at %}", language="te", at=date(2026, 9, 12))


def test_progress_stays_within_its_bounds() -> None:
    assert '<progress value="28" max="28"' in rendered("{% progress 'Goal' value=31 maximum=28 text='31 of 28' %}")
    assert '<progress value="0" max="1"' in rendered("{% progress 'Goal' value=0 maximum=0 text='-' %}")


@pytest.mark.parametrize(
    ("language", "script"), [("en", "latin"), ("mr", "devanagari"), ("te", "telugu"), ("hy", "armenian")]
)
def test_only_the_font_of_the_language_is_preloaded(language: str, script: str) -> None:
    html = rendered("{% font_preload %}", language=language)
    assert f"ui/fonts/{script}-400" in html
    assert html.count("preload") == 1
