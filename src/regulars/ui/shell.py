# SPDX-License-Identifier: Apache-2.0
"""What the doors hand to the frame of a page: entries of the navigation, and choices of tabs and menus."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NavigationEntry:
    """A place in the staff app; `is_in_bar` puts it into the bottom bar of a phone, which holds four and "More"."""

    label: str
    url: str
    icon: str
    is_current: bool = False
    is_in_bar: bool = False
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of several: a tab or a filter (by its address), a store or a language (by its value)."""

    label: str
    url: str = ""
    value: str = ""
    is_current: bool = False
    count: int | None = None
