# SPDX-License-Identifier: Apache-2.0
"""What the frame of every page needs: languages for everybody, and for staff at work the places they may go to."""

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language, gettext, gettext_lazy

from regulars.tenancy.access import StaffAccess
from regulars.ui.shell import Choice, NavigationEntry
from regulars.web.permissions import PAGES

LANGUAGE_NAMES = {"en": "English", "hi": "हिन्दी", "mr": "मराठी", "te": "తెలుగు", "ml": "മലയാളം", "hy": "Հայերեն"}
PLACES = (
    ("today", gettext_lazy("Today"), "today", "/", True),
    ("customers", gettext_lazy("Customers"), "customers", "/customers/", True),
    ("program", gettext_lazy("Program"), "program", "/program/", True),
    ("retention", gettext_lazy("Retention"), "insight", "/retention/", True),
    ("imports", gettext_lazy("Import"), "upload", "/imports/", False),
    ("settings", gettext_lazy("Settings"), "settings", "/settings/", False),
)


def shell(request: HttpRequest) -> dict[str, object]:
    """Return the frame's part of the context. No query: the door of the page has read who is at work."""
    access: StaffAccess | None = getattr(request, "access", None)
    return _language_part() | (_staff_part(request, access) if access else {})


def _language_part() -> dict[str, object]:
    active = get_language()
    choices = [
        Choice(label=LANGUAGE_NAMES[code], value=code, is_current=code == active) for code, _ in settings.LANGUAGES
    ]
    return {"languages": choices, "language_url": reverse("language")}


def _staff_part(request: HttpRequest, access: StaffAccess) -> dict[str, object]:
    return {
        "business": access.business,
        "now": request.now,  # type: ignore[attr-defined]  # set together with the access
        "access": access,
        "may": frozenset(name for name, permission in PAGES.items() if access.may(permission)),
        "navigation": _navigation(request.path, access),
        "home_url": reverse("today"),
        "search_url": reverse("customers"),
        "staff_name": access.user.name,
        "staff_links": [NavigationEntry(label=gettext("You"), url=reverse("you"), icon="customer")],
        "logout_url": reverse("logout"),
    }


def _navigation(path: str, access: StaffAccess) -> list[NavigationEntry]:
    return [
        NavigationEntry(
            label=str(label),
            url=reverse(name),
            icon=icon,
            is_current=path == start if start == "/" else path.startswith(start),
            is_in_bar=is_in_bar,
        )
        for name, label, icon, start, is_in_bar in PLACES
        if access.may(PAGES[name])
    ]
