# SPDX-License-Identifier: Apache-2.0
"""Two shops in one street, and everybody who may come to their doors."""

from collections.abc import Sequence
from dataclasses import dataclass

from isolation.cast import Named, a_full_shop
from isolation.doors import Visitor, Watched
from regulars.kernel.clock import utc_now
from regulars.tenancy.access import SCOPES
from regulars.tenancy.actions import create_api_key, hire, revoke_api_key
from regulars.tenancy.actors import SYSTEM
from regulars.tenancy.models import Business, Role
from web.cast import a_user


@dataclass(frozen=True)
class Street:
    """Our shop, the other one, what names their things, and who comes."""

    ours: Named
    theirs: Named
    shop: Watched
    staff: dict[str, Visitor]
    stranger: Visitor
    alone: dict[str, Visitor]
    without: dict[str, Visitor]
    revoked: Visitor
    foreign: Visitor


def a_browser(business: Business, role: str, email: str) -> Visitor:
    user = a_user(f"{role} of {business.name}", email)
    hire(business, user=user, role=role, actor=SYSTEM, now=utc_now())
    visitor = Visitor()
    visitor.browser.force_login(user)
    return visitor


def a_key(business: Business, scopes: Sequence[str], *, is_revoked: bool = False) -> Visitor:
    key, token = create_api_key(business, name="a key", scopes=scopes, actor=SYSTEM, now=utc_now())
    if is_revoked:
        revoke_api_key(key, actor=SYSTEM, now=utc_now())
    return Visitor(token)


def a_street() -> Street:
    chai, ours = a_full_shop("Chai House", word="chai", phone="+919820012345", versions=2)
    sari, theirs = a_full_shop("Sari Palace", word="silk", phone="+919820054320", versions=1)
    staff = {role: a_browser(chai, role, f"{role}@chai.example") for role in Role.values}
    return Street(
        ours=ours,
        theirs=theirs,
        staff=staff,
        stranger=a_browser(sari, Role.OWNER, "owner@silk.example"),
        alone={scope: a_key(chai, [scope]) for scope in SCOPES},
        without={scope: a_key(chai, sorted(set(SCOPES) - {scope})) for scope in SCOPES},
        revoked=a_key(chai, list(SCOPES), is_revoked=True),
        foreign=a_key(sari, list(SCOPES)),
        shop=Watched(chai),
    )
