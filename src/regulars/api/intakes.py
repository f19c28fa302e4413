# SPDX-License-Identifier: Apache-2.0
"""Everything that moves points or money: one intake each, or up to 10,000 in a batch.

The bodies are made from the intakes of `flow`, field by field. What may be left out is filled in here: `source` is "api",
`external_id` the header Idempotency-Key, `occurred_at` now. A time that was filled in does not count when a repeat is compared.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, defstruct, structs

from regulars.api.endpoint import Answer, Call, Endpoint, Nothing
from regulars.api.permissions import BATCH_SCOPES
from regulars.api.problems import (
    InvalidParameter,
    KeyContradicts,
    KeyMissing,
    MomentOutOfRange,
    Problem,
    Refused,
    problem_of_refusal,
)
from regulars.customers.matching import CustomerRef
from regulars.flow.entitling import code_of
from regulars.flow.intake import (
    Adjustment,
    Cancel,
    ClaimReceipt,
    Earning,
    Enrolment,
    Envelope,
    Event,
    ExternalId,
    HoldPoints,
    Intake,
    Merge,
    Order,
    PendingChange,
    Receipt,
    Redemption,
    Return,
    SettleHold,
    Source,
    Transfer,
    Unmerge,
    UseEntitlement,
    Visit,
    VoidHold,
)
from regulars.flow.receive import receive
from regulars.flow.writer import writer
from regulars.kernel.digest import digest
from regulars.kernel.errors import Saying, gettext_noop
from regulars.programs.definition import YEAR_MAX, YEAR_MIN
from regulars.rewards.errors import UnknownCode
from regulars.rewards.models import Entitlement

BATCH_MAX = 10_000
BATCH_BODY_MAX = 16 * 1024 * 1024
KEY_MAX = 100
_SOURCE = "api"
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)

KINDS: tuple[type[Intake], ...] = (
    Order,
    Return,
    Visit,
    Event,
    Enrolment,
    HoldPoints,
    SettleHold,
    VoidHold,
    Redemption,
    UseEntitlement,
    Cancel,
    Adjustment,
    Transfer,
    PendingChange,
    ClaimReceipt,
)
Moment = Annotated[datetime, Meta(tz=True)]
"""A moment with its zone. One that is kept has to lie in the calendar: see `check_moment`."""


def check_moment(name: str, moment: datetime) -> datetime:
    """Return a moment if it lies in the calendar of the program. Raises MomentOutOfRange."""
    if not YEAR_MIN <= moment.year < YEAR_MAX:
        raise MomentOutOfRange(name=name, value=moment.isoformat(), earliest=YEAR_MIN, latest=YEAR_MAX)
    return moment


class MovedPoints(Struct, frozen=True):
    """The answer to an intake, for ever the same: what it moved, and balance and tier right after it.

    `balance` is null where nobody's points are concerned. `detail` holds what only some kinds have: `hold`, `entitlement`, `offer`,
    `code`, `expires_at`, `points_held`, `points_activated`, `purchase`, `rewards`, `rewards_taken`, `shortfall`,
    `unmatched_lines`, `to`, `merged`, `points_moved`.
    """

    fact: UUID
    kind: str
    customer: UUID | None
    points_earned: int
    points_spent: int
    points_reversed: int
    points_returned: int
    points_pending: int
    points_expired: int
    balance: int | None
    tier: str
    earnings: list[Earning]
    detail: dict[str, Any]


class Result(Struct, frozen=True, omit_defaults=True):
    """What became of one intake of a batch: a receipt (status 201, or 200 for a repeat) or a problem."""

    status: int
    receipt: MovedPoints | UnsetType = UNSET
    problem: Problem | UnsetType = UNSET


class Results(Struct, frozen=True):
    """What became of a batch, in the order of its intakes."""

    results: list[Result]


def body_of(intake: type[Intake], *, without: Sequence[str] = (), is_named: bool = False, name: str = "") -> Any:
    """Make the body of an intake: its fields, with those that a door fills in left open."""
    open_fields: dict[str, tuple[Any, Any]] = {
        "source": (Source, _SOURCE),
        "external_id": (ExternalId, msgspec.NODEFAULT) if is_named else (ExternalId | UnsetType, UNSET),
        "occurred_at": (Moment | UnsetType, UNSET),
    }
    fields: list[Any] = []
    for one in structs.fields(intake):
        kind, default = open_fields.get(one.name, (one.type, one.default))
        if one.name not in open_fields and one.default_factory is not msgspec.NODEFAULT:
            default = msgspec.field(default_factory=one.default_factory)
        if one.name not in without:
            fields.append((one.name, kind) if default is msgspec.NODEFAULT else (one.name, kind, default))
    body = defstruct(
        name or intake.__name__,
        fields,
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
        module=__name__,
        tag=str(intake.__struct_config__.tag) if is_named else None,
        tag_field="kind" if is_named else None,
    )
    body.__doc__ = intake.__doc__
    return body


def _batch_item(intake: type[Intake]) -> Any:
    return body_of(intake, is_named=True, name=f"Batched{intake.__name__}")


_items = {_batch_item(intake): intake for intake in KINDS}
_BatchItem: Any = None
for _item in _items:
    _BatchItem = _item if _BatchItem is None else _BatchItem | _item
BatchBody: Any = Annotated[list[_BatchItem], Meta(min_length=1, max_length=BATCH_MAX)]


def _key_of(call: Call[Any, Nothing]) -> str:
    header = call.request.META.get("HTTP_IDEMPOTENCY_KEY")
    if header is not None and not (0 < len(header) <= KEY_MAX and header.isascii() and header.isprintable()):
        raise InvalidParameter(
            name="Idempotency-Key",
            problem=Saying(gettext_noop("it has 1 to %(limit)s visible ASCII characters"), limit=KEY_MAX),
        )
    own = call.body.external_id
    if own is UNSET:
        if header is None:
            raise KeyMissing
        return str(header)
    if header is not None and header != own:
        raise KeyContradicts
    return str(own)


def _intake_of(kind: type[Intake], fields: dict[str, Any], now: datetime) -> tuple[Intake, bytes | None]:
    """Return an intake, and what a repeat must have in common with it where the time was filled in (else None: all of it)."""
    if fields["occurred_at"] is not UNSET:
        fields["occurred_at"] = _in_utc(fields["occurred_at"])
        return kind(**fields), None
    fields["occurred_at"] = _NO_TIME
    compared = digest(kind(**fields))
    fields["occurred_at"] = now
    return kind(**fields), compared


def _in_utc(moment: datetime) -> datetime:
    """Return a moment in one spelling, so that a repeat from another zone is one; what lies beyond the calendar stays, to be refused."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment


def recording(
    kind: type[Intake], *, fill: Callable[[Call[Any, Nothing]], dict[str, Any]] | None = None
) -> Callable[[Call[Any, Nothing]], Answer]:
    """Return the endpoint that receives intakes of a kind; `fill` gives the fields that the address says."""

    def record(call: Call[Any, Nothing]) -> Answer:
        fields = structs.asdict(call.body)
        fields["external_id"] = _key_of(call)
        if fill is not None:
            fields.update(fill(call))
        intake, compared = _intake_of(kind, fields, call.now)
        receipt = writer.receive_one(call.business, intake, Envelope(call.holder.actor, compared))
        if receipt.refusal is not None:
            raise Refused(receipt.refusal)
        headers = {"Idempotent-Replayed": "true"} if receipt.is_repeat else {}
        return Answer(answer_of(receipt), 200 if receipt.is_repeat else 201, headers)

    return record


def answer_of(receipt: Receipt) -> MovedPoints:
    """Return a receipt as the door shows it: the voucher code of a reward taken is derived again each time, it is stored nowhere."""
    assert receipt.fact is not None, "what was not refused is recorded"
    detail: dict[str, Any] = receipt.detail
    if receipt.kind == "redemption":
        detail = _with_code(detail)
    if "rewards_taken" in detail:
        detail = {**detail, "rewards_taken": [_with_code(one) for one in detail["rewards_taken"]]}
    return MovedPoints(
        receipt.fact,
        receipt.kind,
        receipt.customer,
        receipt.points_earned,
        receipt.points_spent,
        receipt.points_reversed,
        receipt.points_returned,
        receipt.points_pending,
        receipt.points_expired,
        receipt.balance,
        receipt.tier,
        receipt.earnings,
        detail,
    )


def _with_code(taken: dict[str, Any]) -> dict[str, Any]:
    return {**taken, "code": code_of(UUID(str(taken["entitlement"])))}


def record_batch(call: Call[Any, Nothing]) -> Answer:
    """Receive a batch; what is refused does not disturb the rest. Answered means that all of it is durable."""
    for kind in {type(item).__struct_config__.tag for item in call.body}:
        call.holder.check(BATCH_SCOPES[str(kind)])
    made = [_intake_of(_items[type(item)], structs.asdict(item), call.now) for item in call.body]
    receipts = receive(
        call.business,
        [intake for intake, _ in made],
        now=call.now,
        envelopes=[Envelope(call.holder.actor, compared) for _, compared in made],
    )
    language = call.language
    return Answer(Results([_result(receipt, language) for receipt in receipts]))


def _result(receipt: Receipt, language: str) -> Result:
    if receipt.refusal is not None:
        return Result(receipt.refusal.status, problem=problem_of_refusal(receipt.refusal, language))
    return Result(200 if receipt.is_repeat else 201, receipt=answer_of(receipt))


def _customer_in_path(call: Call[Any, Nothing]) -> dict[str, Any]:
    return {"customer": CustomerRef(id=call.path["id"])}


def _hold_in_path(call: Call[Any, Nothing]) -> dict[str, Any]:
    return {"hold": call.path["id"]}


def _entitlement_in_path(call: Call[Any, Nothing]) -> dict[str, Any]:
    return {"entitlement": call.path["id"]}


def _taken_in_path(call: Call[Any, Nothing]) -> dict[str, Any]:
    taken = Entitlement.objects.of(call.business).select_related("fact").filter(pk=call.path["id"]).first()
    if taken is None:
        raise UnknownCode
    return {"cancels": taken.fact.external_id, "cancels_source": taken.fact.source}


def _one(
    name: str, path: str, kind: type[Intake], about: str, *, without: Sequence[str] = (), fill: Any = None
) -> Endpoint:
    body = body_of(kind, without=without, name=f"{kind.__name__}At" if without else "")
    return Endpoint(
        name=name,
        method="POST",
        path=path,
        about=about,
        run=recording(kind, fill=fill),
        body=body,
        answer=MovedPoints,
        tag="Recording",
        statuses=(201, 200),
        refusals=(404, 409),
        takes=("Idempotency-Key",),
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    _one("record_order", "orders", Order, "Record a purchase."),
    _one("record_return", "returns", Return, "Record goods that came back; what they earned is reversed exactly."),
    _one("record_visit", "visits", Visit, "Record that a customer was here."),
    _one("record_event", "events", Event, "Record something else that happened."),
    _one("enrol", "enrolments", Enrolment, "Make a customer a member of the program."),
    _one(
        "claim_receipt",
        "claims",
        ClaimReceipt,
        "Add the receipt of a purchase that named nobody to a member, once.",
    ),
    _one("adjust_points", "adjustments", Adjustment, "Give or take points by hand, with a reason."),
    _one("transfer_points", "transfers", Transfer, "Move spendable points to another member."),
    _one(
        "merge_customers",
        "customers/<uuid:id>/merge",
        Merge,
        "Make another record part of this customer: identities, points and history.",
        without=["customer", "store"],
        fill=_customer_in_path,
    ),
    _one(
        "unmerge_customers",
        "customers/<uuid:id>/unmerge",
        Unmerge,
        "Undo a merge into this customer: each has again what was theirs.",
        without=["customer", "store"],
        fill=_customer_in_path,
    ),
    _one("hold_points", "holds", HoldPoints, "Set points aside for a purchase under way."),
    _one(
        "settle_hold",
        "holds/<uuid:id>/settle",
        SettleHold,
        "Spend what a hold set aside, or less.",
        without=["hold"],
        fill=_hold_in_path,
    ),
    _one(
        "void_hold",
        "holds/<uuid:id>/void",
        VoidHold,
        "Give back what a hold set aside.",
        without=["hold"],
        fill=_hold_in_path,
    ),
    _one(
        "take_reward",
        "redemptions",
        Redemption,
        "Take a reward for points, at once or reserved; the answer holds its voucher code.",
    ),
    _one(
        "use_taken",
        "redemptions/<uuid:id>/use",
        UseEntitlement,
        "Use a reward that was taken, exactly once.",
        without=["code", "entitlement"],
        fill=_entitlement_in_path,
    ),
    _one(
        "cancel_taken",
        "redemptions/<uuid:id>/cancel",
        Cancel,
        "Give back a reward that was taken and not used.",
        without=["cancels", "cancels_source"],
        fill=_taken_in_path,
    ),
    _one("use_reward", "uses", UseEntitlement, "Use a reward by its voucher code or key, without a purchase."),
    _one(
        "cancel",
        "cancellations",
        Cancel,
        "Take back an earlier purchase, visit, event, redemption, use, settled hold or adjustment.",
    ),
    _one("change_pending", "activations", PendingChange, "Activate or cancel the pending points of an earlier intake."),
    Endpoint(
        name="record_batch",
        method="POST",
        path="batch",
        about="Record up to 10,000 intakes; answered means that all are durable.",
        run=record_batch,
        body=BatchBody,
        body_max=BATCH_BODY_MAX,
        answer=Results,
        tag="Recording",
    ),
)
