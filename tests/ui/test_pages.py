# SPDX-License-Identifier: Apache-2.0
"""Whole pages of the room: the style guide and the error pages, as text and in a browser."""

import gzip
import re
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone, translation

from regulars.ui.style_guide import style_guide_context
from ui.outline import POLICY, Outline

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

LANGUAGES = ("en", "hi", "mr", "te", "ml", "hy")
ERRORS = ("400", "403", "404", "429", "500")
KINDS = {".css": "text/css", ".js": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml"}
SITE = "http://localhost"

TOO_SMALL = """() => {
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim(), holder = walk.currentNode.parentElement;
    if (!text || !holder.checkVisibility() || holder.closest('title')) continue;
    if (parseFloat(getComputedStyle(holder).fontSize) < 11 || holder.closest('svg')) found.push(text);
  }
  return found;
}"""


def page_of(template: str, *, language: str = "en", **values: object) -> str:
    with translation.override(language), timezone.override("Asia/Kolkata"):
        return render_to_string(template, {"request": RequestFactory().get("/"), "csrf_token": "t0ken"} | values)


def style_guide(language: str) -> str:
    with translation.override(language), timezone.override("Asia/Kolkata"):
        return page_of("ui/style_guide.html", language=language, **style_guide_context(language))


def pages() -> dict[str, str]:
    return {language: style_guide(language) for language in LANGUAGES} | {
        code: page_of(f"{code}.html") for code in ERRORS
    }


def test_no_page_needs_more_than_the_strict_policy() -> None:
    for name, html in pages().items():
        outline = Outline()
        outline.feed(html.replace('id="id_', 'data-field="'))  # the guide shows one form twice
        assert outline.faults == [], name
        assert len(outline.ids) == len(set(outline.ids)), name


def test_error_pages_stand_without_any_context() -> None:
    for code in ERRORS:
        html = render_to_string(f"{code}.html")
        assert f"Error {code}" in html
        assert "<h1>" in html


def test_pages_name_their_language_and_their_theme() -> None:
    assert '<html lang="ml">' in page_of("404.html", language="ml")
    request = RequestFactory().get("/")
    request.COOKIES["theme"] = "dark"
    assert '<html lang="en" data-theme="dark">' in page_of("404.html", request=request)
    request.COOKIES["theme"] = '"><script>'
    assert '<html lang="en">' in page_of("404.html", request=request)


def test_the_frame_shows_where_one_is_and_offers_four_places_and_more_on_a_phone() -> None:
    html = style_guide("en")
    bar = html[html.index('<nav class="shell-bar"') :]
    assert len(re.findall(r'<a class="shell-bar-item"', bar)) == 4
    assert bar.count("<summary") == 1
    assert html.count('aria-current="page"') >= 3
    assert '<meta name="csrf-token" content="t0ken">' in html


def test_messages_become_notices() -> None:
    messages = [SimpleNamespace(tags="success", __str__=lambda: ""), SimpleNamespace(tags="error")]
    html = page_of("ui/shell.html", navigation=[], messages=messages)
    region = html[html.index('id="notices"') : html.index('id="notice-offline"')]
    assert "notice-good" in region
    assert "notice-bad" in region


def test_the_first_load_is_light() -> None:
    styles_and_scripts = sum(
        len(gzip.compress(Path(finders.find(f"ui/{name}")).read_bytes()))
        for name in ("app.css", "app.js", "htmx.min.js")
    )
    frame = page_of("ui/shell.html", **{key: style_guide_context("en")[key] for key in ("business", "navigation")})
    assert styles_and_scripts <= 80 * 1024
    assert len(gzip.compress(frame.encode())) <= 4 * 1024
    assert len(gzip.compress(style_guide("te").encode())) <= 24 * 1024


def open_page(page: "Page", html: str, *, width: int = 360) -> tuple[list[str], list[str]]:
    """Show a page under its policy without a server; returns what the console said and which fonts were loaded."""
    said: list[str] = []
    fonts: list[str] = []

    def answer(route: "Route") -> None:
        path = route.request.url.removeprefix(SITE)
        if path == "/":
            headers = {"Content-Security-Policy": POLICY}
            route.fulfill(body=html, content_type="text/html; charset=utf-8", headers=headers)
            return
        name = re.sub(r"^/static/|\?.*$", "", path)
        fonts.extend([Path(name).name] if name.endswith(".woff2") else [])
        route.fulfill(path=finders.find(name), content_type=KINDS[Path(name).suffix])

    page.set_viewport_size({"width": width, "height": 740})
    page.on("console", lambda message: said.append(message.text))
    page.route(f"{SITE}/**", answer)
    page.goto(f"{SITE}/")
    page.evaluate("document.fonts.ready")
    return said, fonts


@pytest.mark.browser
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_style_guide_fits_a_phone_and_every_word_can_be_read(page: "Page", language: str) -> None:
    said, _fonts = open_page(page, style_guide(language))
    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    assert page.evaluate(TOO_SMALL) == []


@pytest.mark.browser
def test_a_page_loads_only_the_fonts_of_its_letters(page: "Page") -> None:
    english = page_of("404.html", exception_text="₹1,250 · 1 250 ֏")
    _said, fonts = open_page(page, english)
    assert sorted(set(fonts)) == ["dram-400.woff2", "latin-400.woff2", "latin-700.woff2", "rupee-400.woff2"]


@pytest.mark.browser
def test_joiners_of_indic_words_load_no_other_script(page: "Page") -> None:
    telugu = page_of("404.html", language="te", exception_text="సాఫ్ట్\u200cవేర్")
    _said, fonts = open_page(page, telugu)
    assert not [name for name in fonts if not name.startswith(("latin", "telugu"))]


@pytest.mark.browser
def test_the_slash_focuses_the_search_and_escape_closes_a_menu(page: "Page") -> None:
    open_page(page, style_guide("en"), width=1280)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.matches('.shell-top [data-search]')")
    menu = page.locator(".shell-top details[data-menu]").last
    menu.locator("summary").click()
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.keyboard.press("Escape")
    assert menu.get_attribute("open") is None


@pytest.mark.browser
def test_requests_of_a_page_carry_the_token_and_never_evaluate_text(page: "Page") -> None:
    open_page(page, style_guide("en"))
    config = page.evaluate("({eval: htmx.config.allowEval, styles: htmx.config.includeIndicatorStyles})")
    assert config == {"eval": False, "styles": False}
    with page.expect_request(f"{SITE}/static/ui/mark.svg?x=1") as sent:
        page.evaluate("htmx.ajax('POST', '/static/ui/mark.svg?x=1', {target: 'body', swap: 'none'})")
    assert sent.value.headers["x-csrftoken"] == "t0ken"
