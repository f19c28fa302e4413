# SPDX-License-Identifier: Apache-2.0
"""The strict policy under which every page is shown, and what in a page would break it."""

from html.parser import HTMLParser

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class Outline(HTMLParser):
    """Note what a strict content security policy forbids, and ids that stand twice."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.ids += [names["id"]] if names.get("id") else []
        if tag == "style" or (tag == "script" and "src" not in names):
            self.faults.append(f"inline <{tag}>")
        self.faults += [f"{name} on <{tag}>" for name in names if name == "style" or name.startswith(("on", "hx-on"))]
        self.faults += [
            f"{name} on <{tag}>" for name, value in attrs if (value or "").startswith(("javascript:", "js:"))
        ]
