# SPDX-License-Identifier: Apache-2.0
"""A small cast: a café in Pune, its owner and its people."""

from datetime import UTC, datetime

from regulars.tenancy import actions
from regulars.tenancy.actors import SYSTEM, Actor, ActorKind
from regulars.tenancy.models import Business, Role, Staff, Store, User

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PASSWORD = "chai-and-bun-maska"


def a_business(name: str = "Chai Corner", country: str = "IN") -> Business:
    return actions.create_business(name, country=country, now=NOW)


def a_store(business: Business, code: str = "main") -> Store:
    return actions.create_store(business, code=code, name=code.title(), actor=SYSTEM, now=NOW)


def a_user(name: str = "Asha") -> User:
    return actions.create_user(f"{name.lower()}@shop.example", name=name, password=None, now=NOW)


def somebody(business: Business, role: Role = Role.OWNER, name: str = "Asha") -> Staff:
    return actions.hire(business, user=a_user(name), role=role, actor=SYSTEM, now=NOW)


def actor_of(staff: Staff) -> Actor:
    return Actor(ActorKind.USER, staff.user_id, staff.user.name)
