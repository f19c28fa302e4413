# SPDX-License-Identifier: Apache-2.0
"""Two shops with one of everything, none of it called alike, and a request for each endpoint that does something there."""

import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.core.files.uploadedfile import SimpleUploadedFile

from api.cast import RULE, seal_all
from regulars.connectors.actions import NewImport, run_import, start_run
from regulars.connectors.models import ImportRun
from regulars.connectors.proposals import mapping_from
from regulars.connectors.runs import preview
from regulars.customers.matching import CustomerRef
from regulars.customers.models import Customer, Identity
from regulars.facts.models import Fact
from regulars.flow.entitling import code_of
from regulars.flow.intake import Enrolment, HoldPoints, Merge, Order, OrderLine, Redemption, Visit
from regulars.flow.receive import receive
from regulars.kernel.clock import utc_now
from regulars.outbox.actions import enqueue
from regulars.outbox.models import Job
from regulars.programs.actions import publish_program, save_draft
from regulars.rewards.actions import OfferTerms, create_offer
from regulars.tenancy import actions
from regulars.tenancy.actors import SYSTEM
from regulars.tenancy.addresses import PUBLIC_ONLY
from regulars.tenancy.models import Business, WebhookDelivery
from regulars.web.once import new_once
from web.cast import PASSWORD, a_user

Named = dict[str, Any]
SALES = """order,date,phone,name,product,qty,amount
1,2026-10-01,{phone},{name},Chai,1,50
2,2026-10-02,12,Nobody,Chai,1,10
3,2026-10-03,{phone},{name},Jalebi,-1,-30
"""
COLUMNS = {
    "order": "order", "time": "date", "customer_phone": "phone", "sku": "product", "quantity": "qty", "amount": "amount",
}  # fmt: skip

DRAFTED = utc_now()


def a_full_shop(name: str, *, word: str, phone: str, versions: int) -> tuple[Business, Named]:
    """Open a shop, and return it with what names each of its things; `word` and `phone` are in no other shop."""
    now = utc_now()
    business = actions.create_business(name, country="IN", now=now - timedelta(days=40))
    store = actions.create_store(business, code=f"{word}-street", name=f"{name}, {word}", actor=SYSTEM, now=now)
    program = {
        "unit": {"pending": {"kind": "delay", "days": 3}},
        "membership": "on_request",
        "rules": [RULE | {"id": f"{word}-spend"}],
    }
    for _ in range(versions):
        publish_program(business, program, valid_from=now - timedelta(days=30), actor=SYSTEM, now=now)
    save_draft(business, program | {"rules": [*program["rules"], RULE]}, actor=SYSTEM, now=DRAFTED)
    terms = OfferTerms(code=f"{word}-cup", name={"en": f"A cup of {word}"}, kind="perk", value={}, price=40)
    offer = create_offer(business, terms, actor=SYSTEM, now=now)
    endpoint, _ = actions.create_endpoint(
        business,
        actions.EndpointTerms(f"https://93.184.216.34/{word}", ["*"]),
        policy=PUBLIC_ONLY,
        actor=SYSTEM,
        now=now,
    )
    clerk = a_user(f"Clerk {word}", f"clerk@{word}.example")
    staff = actions.hire(business, user=clerk, role="cashier", actor=SYSTEM, now=now)
    key, _ = actions.create_api_key(business, name=f"till {word}", scopes=["orders:read"], actor=SYSTEM, now=now)
    named = _people_and_facts(business, word, phone, offer.code, now)
    seal_all(business)
    delivery = WebhookDelivery.objects.of(business).order_by("id").first()
    WebhookDelivery.objects.of(business).update(state="failed", attempts=10, last_status=500)
    job = enqueue("seal", {}, now=now, business_id=business.pk)
    Job.objects.filter(pk=job).update(state=Job.State.DEAD, last_error="the disk is full")
    sales = SALES.format(phone=phone, name=f"Ravi {word}")
    return business, named | {
        "business": business.pk, "store": store.pk, "number": versions, "rule": f"{word}-spend", "offer": offer.pk,
        "offer_code": offer.code, "endpoint": endpoint.pk, "delivery": delivery.pk, "staff": staff.pk, "key": key.pk,
        "job": job, "name": "regulars-20260301T030000Z.tar.gz", "run": an_import(business, sales, now).pk, "sales": sales,
        "finished_run": run_import(an_import(business, sales, now), receive=receive, now=now).pk,
    }  # fmt: skip


def _people_and_facts(business: Business, word: str, phone: str, offer: str, now: datetime) -> Named:
    """Let a member buy, take a reward and set points aside; a friend is a member too, a guest was only here."""

    def common(number: int, days: int, name: str = "Asha") -> dict[str, Any]:
        people = {"Asha": phone, "Friend": f"{phone[:-1]}1", "Guest": f"{phone[:-1]}2", "Twin": f"{phone[:-1]}3"}
        return {
            "source": "till", "external_id": f"{word}-{number}", "occurred_at": now - timedelta(days=days),
            "customer": CustomerRef(phone=people[name], name=f"{name} {word}"),
        }  # fmt: skip

    lines = [OrderLine(sku="TEA", amount_minor=20_000)]
    intakes = [
        Enrolment(**common(1, 20)), Enrolment(**common(2, 20, "Friend")), Visit(**common(3, 20, "Guest")),
        Order(**common(4, 10), lines=lines), Order(**common(5, 1), lines=lines),
        Redemption(**common(6, 0), offer=offer), HoldPoints(**common(7, 0), points=10, ttl_s=604_800),
        Order(**(common(8, 1) | {"customer": None}), lines=lines),
        Visit(**common(9, 20, "Twin")), Merge(**common(10, 0), merged=common(9, 0, "Twin")["customer"]),
    ]  # fmt: skip
    receipts = receive(business, intakes, now=now)
    assert [receipt.refusal for receipt in receipts] == [None] * len(intakes)
    people = {
        name: Customer.objects.of(business).get(name=f"{name} {word}").pk
        for name in ("Asha", "Friend", "Guest", "Twin")
    }
    entitlement = UUID(str(receipts[5].detail["entitlement"]))
    return {
        "customer": people["Asha"], "friend": people["Friend"], "guest": people["Guest"], "merged": people["Twin"],
        "identity": Identity.objects.of(business).get(customer=people["Asha"]).pk,
        "source": "till", "external_id": f"{word}-4", "pending": f"{word}-5", "receipt": f"{word}-8", "hold": receipts[6].detail["hold"],
        "fact": Fact.objects.of(business).get(external_id=f"{word}-4").pk,
        "entitlement": entitlement, "code": code_of(entitlement),
    }  # fmt: skip


def an_import(business: Business, text: str, now: datetime) -> ImportRun:
    """Keep a file of sales that waits to be imported; its second row will be refused, its third gives back what nobody bought."""
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write(text)
        file.flush()
        path = Path(file.name)
        mapping = mapping_from(preview(path, "orders").proposals, name="sales", subject="orders")
        return start_run(business, path, NewImport(subject="orders", file_name="sales.csv", mapping=mapping), now=now)


def nobody(named: Named) -> Named:
    """Return names of the same form that nothing has."""
    made_up = {"code": code_of(uuid4()), "number": 99, "source": "till", "sales": named["sales"]}
    return {
        key: made_up.get(key, uuid4() if isinstance(value, UUID) else str(uuid4()) if key == "hold" else "xyzzy")
        for key, value in named.items()
    }


ONCE = new_once(utc_now())
REWARD = {"name": "₹50 off", "kind": "amount_off", "amount": "50", "price": "80", "valid_days": "30"}
LADDER = {
    "metric": "points_earned", "months": "12", "downgrade": "one_level", "grace_days": "10",
    "level-TOTAL_FORMS": "1", "level-INITIAL_FORMS": "0", "level-0-name": "Friend", "level-0-at_least": "0", "level-0-times": "1",
}  # fmt: skip
UNIT = {
    "name": "beans", "expiry_kind": "inactivity", "expiry_months": "6", "expiry_period": "month", "pending_days": "3",
    "negative": "allow", "balance_max": "5000", "membership": "automatic",
}  # fmt: skip
A_RULE = {"name": "Tea time", "on": "order", "kind": "per_item", "points": "5", "limit_per": "day", "is_active": "on"}
HIRED = {"name": "Ravi", "email": "ravi@new.example", "password": "ladoo-and-chivda", "role": "cashier", "store": ""}

FORMS: dict[str, Callable[[Named], dict[str, Any]]] = {
    "login": lambda _: {"email": "owner@chai.example", "password": PASSWORD},
    "language": lambda _: {"language": "te"},
    "business": lambda named: {"business": named["business"]},
    "you": lambda _: {"old": PASSWORD, "new": "jalebi-and-rabdi"},
    "customer_new": lambda _: {"contact": "+919820077777", "name": "Newcomer", "once": ONCE},
    "customer_edit": lambda _: {"name": "Somebody else", "language": "hi", "tags": "new"},
    "customer_identity_add": lambda _: {"kind": "phone", "value": "+919820088888"},
    "customer_enrol": lambda _: {"once": ONCE},
    "customer_merge": lambda named: {"with": named["friend"], "once": ONCE},
    "customer_unmerge": lambda _: {"once": ONCE},
    "customer_adjust": lambda _: {"adjust-points": "5", "adjust-reason": "as promised", "adjust-once": ONCE},
    "customer_purchase": lambda _: {"purchase-amount": "10", "purchase-store": "", "purchase-once": ONCE},
    "customer_receipt": lambda named: {"receipt-number": named["receipt"], "receipt-once": ONCE},
    "customer_return": lambda _: {"line-1": "1", "confirm": "yes", "once": ONCE},
    "customer_take": lambda named: {"offer": named["offer_code"], "once": ONCE},
    "customer_use": lambda named: {"entitlement": named["entitlement"], "once": ONCE},
    "customer_give_back": lambda named: {"entitlement": named["entitlement"], "once": ONCE},
    "program_unit": lambda _: UNIT,
    "program_ladder": lambda _: LADDER,
    "program_rule": lambda _: A_RULE,
    "program_publish": lambda _: {"note": "tea", "revision": DRAFTED.isoformat()},
    "reward_new": lambda _: REWARD | {"once": ONCE},
    "reward_edit": lambda _: REWARD,
    "import_new": lambda named: {"subject": "orders", "preset": "", "file": SimpleUploadedFile("sales.csv", named["sales"].encode())},
    "import_mapping": lambda _: {"source": "sales", **{f"column-{target}": name for target, name in COLUMNS.items()}},
    "retention_refresh": lambda _: {"period": "30"},
    "store_new": lambda _: {"name": "Mumbai, Dadar", "code": "dadar"},
    "store_edit": lambda _: {"name": "Renamed"},
    "staff_new": lambda _: HIRED,
    "staff_edit": lambda _: {"role": "support", "store": "", "password": ""},
    "keys": lambda _: {"name": "shop", "scopes": ["orders:read"], "once": ONCE},
    "webhook_new": lambda _: {"url": "https://93.184.216.34/new", "event_kinds": ["*"], "once": ONCE},
    "webhook_act": lambda _: {"act": "pause"},
    "job_discard": lambda _: {"reason": "no longer wanted"},
}  # fmt: skip
"""What the form of each page says, by the name of the page; the others say nothing."""

_LINES = [{"sku": "TEA", "amount_minor": 1_000}]
BODIES: dict[str, Callable[[Named], Any]] = {
    "record_order": lambda named: {"customer": {"id": named["customer"]}, "lines": _LINES},
    "record_return": lambda named: {"order": named["external_id"], "order_source": "till"},
    "record_visit": lambda named: {"customer": {"id": named["customer"]}},
    "record_event": lambda named: {"customer": {"id": named["customer"]}, "name": "quiz"},
    "merge_customers": lambda named: {"merged": {"id": named["friend"]}},
    "unmerge_customers": lambda named: {"merged": named["merged"]},
    "enrol": lambda named: {"customer": {"id": named["guest"]}},
    "claim_receipt": lambda named: {"customer": {"id": named["customer"]}, "order": named["receipt"], "order_source": "till"},
    "adjust_points": lambda named: {"customer": {"id": named["customer"]}, "points": 5, "reason": "as promised"},
    "transfer_points": lambda named: {"customer": {"id": named["customer"]}, "to": {"id": named["friend"]}, "points": 5, "reason": "gift"},
    "hold_points": lambda named: {"customer": {"id": named["customer"]}, "points": 5},
    "take_reward": lambda named: {"customer": {"id": named["customer"]}, "offer": named["offer_code"]},
    "use_reward": lambda named: {"code": named["code"]},
    "cancel": lambda named: {"cancels": named["external_id"], "cancels_source": "till"},
    "change_pending": lambda named: {"of": named["pending"], "of_source": "till"},
    "record_batch": lambda named: [{"kind": "order", "external_id": "B1", "customer": {"id": named["customer"]}, "lines": _LINES}],
    "quote": lambda named: {"customer": {"id": named["customer"]}, "lines": _LINES},
    "create_customer": lambda _: {"name": "Newcomer"},
    "change_customer": lambda _: {"name": "Somebody else"},
    "create_reward": lambda _: {"code": "NEW", "name": {"en": "Tea"}, "kind": "perk", "price": 1},
    "change_reward": lambda _: {"price": 60},
    "save_draft": lambda _: {"rules": []},
    "create_store": lambda _: {"code": "dadar", "name": "Mumbai, Dadar"},
    "create_webhook": lambda _: {"url": "https://93.184.216.34/new", "event_kinds": ["*"]},
    "change_webhook": lambda _: {"state": "paused"},
    "replay_webhook": lambda _: {"since": "2026-01-01T00:00:00Z"},
}  # fmt: skip
"""What the body of each operation says, by its name; the others need none."""
