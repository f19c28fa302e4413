# SPDX-License-Identifier: Apache-2.0
"""Facts on their way in, as doors write them and as the API reads them, and the receipt that answers.

Money is in integer minor units of the business's currency; quantities are plain numbers with at most three decimals. An intake is
known for ever by (source, external_id, revision): the same one again gets the same receipt, another body under it is refused.
"""

from datetime import datetime
from typing import Annotated, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Meta, Struct, field

from regulars.customers.matching import CustomerRef
from regulars.tenancy.actors import SYSTEM, Actor

LINES_MAX = 2_000
CODES_MAX = 20
PROPERTIES_MAX = 50
POINTS_MAX = 10**12

ShortText = Annotated[str, Meta(max_length=80)]
NameText = Annotated[str, Meta(max_length=200)]
ReasonText = Annotated[str, Meta(min_length=3, max_length=300)]
Source = Annotated[str, Meta(min_length=1, max_length=40)]
ExternalId = Annotated[str, Meta(min_length=1, max_length=100)]
Minor = Annotated[int, Meta(ge=-(10**15), le=10**15)]
PositivePoints = Annotated[int, Meta(gt=0, le=POINTS_MAX)]
Quantity = (
    Annotated[int, Meta(ge=-(10**9), le=10**9)]
    | Annotated[float, Meta(ge=-(10**9), le=10**9)]
    | Annotated[str, Meta(pattern=r"^-?[0-9]{1,9}(\.[0-9]{1,3})?$")]
)
ReturnedQuantity = (
    Annotated[int, Meta(ge=0, le=10**9)]
    | Annotated[float, Meta(ge=0, le=10**9)]
    | Annotated[str, Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,3})?$")]
)
Scalar = str | int | float | bool | None


class OrderLine(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One line of a purchase. `amount_minor` is the whole line after line discounts; `discount_minor` what was taken off before."""

    sku: ShortText
    amount_minor: Minor
    quantity: Quantity = 1
    discount_minor: Minor = 0
    name: NameText = ""
    category: ShortText = ""


class ReturnLine(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One line that came back: by its position in the order (from 1), or by product code.

    `amount_minor` is what was given back for a line without a known sale; otherwise the share of the recorded line counts.
    """

    quantity: ReturnedQuantity
    line: Annotated[int, Meta(ge=1, le=LINES_MAX)] | None = None
    sku: ShortText = ""
    amount_minor: Minor | None = None
    name: NameText = ""
    category: ShortText = ""


class _Common(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, tag_field="kind"):
    source: Source
    external_id: ExternalId
    occurred_at: datetime
    revision: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    store: ShortText = ""
    customer: CustomerRef | None = None


class Order(_Common, frozen=True, tag="order"):
    """A purchase. `points` are paid with: a tender, spent from the balance. `codes` are vouchers used on it."""

    lines: Annotated[list[OrderLine], Meta(min_length=1, max_length=LINES_MAX)]
    points: Annotated[int, Meta(ge=0, le=POINTS_MAX)] = 0
    codes: Annotated[list[ShortText], Meta(max_length=CODES_MAX)] = field(default_factory=list)


class Return(_Common, frozen=True, tag="return"):
    """Goods that came back. Without `order` each line is matched to the customer's latest unreturned purchase of the product.

    No lines means everything that has not come back yet.
    """

    order: ExternalId | None = None
    order_source: Source | None = None
    lines: Annotated[list[ReturnLine], Meta(max_length=LINES_MAX)] = field(default_factory=list)


class Visit(_Common, frozen=True, tag="visit"):
    """A customer was here."""


class Event(_Common, frozen=True, tag="event"):
    """Something else that happened, by its name; rules and later segments read its properties.

    `of` names the earlier intake that it happened to: points of that one which wait for this event can be used from now on.
    """

    name: Annotated[str, Meta(min_length=1, max_length=60)]
    properties: Annotated[dict[str, Scalar], Meta(max_length=PROPERTIES_MAX)] = field(default_factory=dict)
    of: ExternalId | None = None
    of_source: Source | None = None


class Enrolment(_Common, frozen=True, tag="enrolment"):
    """A customer becomes a member of the program."""


class HoldPoints(_Common, frozen=True, tag="hold"):
    """Set points aside, to be settled or voided within `ttl_s` seconds (at a till 30 minutes, on line a day)."""

    points: PositivePoints
    ttl_s: Annotated[int, Meta(ge=60, le=604_800)] = 1_800


class SettleHold(_Common, frozen=True, tag="settle"):
    """Spend what a hold set aside, or less; the rest returns to its lots."""

    hold: UUID
    points: PositivePoints | None = None


class VoidHold(_Common, frozen=True, tag="void"):
    """Give back what a hold set aside."""

    hold: UUID


class Redemption(_Common, frozen=True, tag="redemption"):
    """Take a reward for points: at once, or reserved (points held) until it is used or `ttl_s` has passed."""

    offer: ShortText
    is_reserved: bool = False
    ttl_s: Annotated[int, Meta(ge=60, le=604_800)] = 1_800


class UseEntitlement(_Common, frozen=True, tag="use"):
    """Use a reward that a member holds, by its code or its key: exactly once."""

    code: ShortText = ""
    entitlement: UUID | None = None


class Cancel(_Common, frozen=True, tag="cancel"):
    """Take back an earlier intake of the same source (till undo, a reward not wanted): its points are reversed exactly."""

    cancels: ExternalId
    cancels_source: Source | None = None


class Adjustment(_Common, frozen=True, tag="adjustment"):
    """Give or take points by hand, with a reason that is kept."""

    points: Annotated[int, Meta(ge=-POINTS_MAX, le=POINTS_MAX)]
    reason: ReasonText


class Transfer(_Common, frozen=True, tag="transfer"):
    """Move spendable points to another member; they keep their expiry."""

    points: PositivePoints
    to: CustomerRef
    reason: ReasonText


class PendingChange(_Common, frozen=True, tag="activation"):
    """Activate or cancel the pending points of an earlier intake (delivered, or not)."""

    of: ExternalId
    of_source: Source | None = None
    is_cancelled: bool = False


class ClaimReceipt(_Common, frozen=True, tag="claim"):
    """A member adds the receipt of a purchase that named nobody, once: it brings what it would have brought on its day."""

    order: ExternalId
    order_source: Source | None = None


class Merge(_Common, frozen=True, tag="merge"):
    """Two customers are one person: all that is known of `merged` is `customer`'s from now on, points too."""

    merged: CustomerRef


class Unmerge(_Common, frozen=True, tag="unmerge"):
    """Two customers are not one person: a merge is undone, and each has again what was theirs."""

    merged: UUID


class Closing(_Common, frozen=True, tag="closing"):
    """One step of the end of a business day for one member: pending, tier, expiry. Made by the nightly run only."""


Intake = (
    Order
    | Return
    | Visit
    | Event
    | Enrolment
    | HoldPoints
    | SettleHold
    | VoidHold
    | Redemption
    | UseEntitlement
    | Cancel
    | Adjustment
    | Transfer
    | PendingChange
    | ClaimReceipt
    | Closing
    | Merge
    | Unmerge
)


class Envelope(NamedTuple):
    """What a door says of an intake: who sent it, and what a repeat must have in common with it where that is not all of it."""

    actor: Actor = SYSTEM
    digest: bytes | None = None


BARE = Envelope()


class Refusal(Struct, frozen=True, omit_defaults=True):
    """Why an intake was refused: a stable code, the English text with its values, and the values."""

    code: str
    text: str
    status: int
    data: dict[str, Scalar] = field(default_factory=dict)


class Earning(Struct, frozen=True, omit_defaults=True):
    """What one rule gave, with its reasons: message ids and values that a page puts into words."""

    rule: str
    unit: str
    points: int
    outcome: str
    reasons: list[dict[str, object]] = field(default_factory=list)


class Receipt(Struct, frozen=True, omit_defaults=True):
    """The answer to an intake, kept with the fact. `points_*` are what this intake moved; `balance` is right after it.

    `detail` holds what only this kind has: `hold`, `entitlement`, `code` (shown once), `shortfall`, `unmatched_lines`, `merged`.
    """

    fact: UUID | None
    kind: str
    customer: UUID | None = None
    points_earned: int = 0
    points_spent: int = 0
    points_reversed: int = 0
    points_returned: int = 0
    points_pending: int = 0
    points_expired: int = 0
    balance: int | None = None
    tier: str = ""
    earnings: list[Earning] = field(default_factory=list)
    detail: dict[str, object] = field(default_factory=dict)
    refusal: Refusal | None = None
    is_repeat: bool = False


def receipt_of(stored: object, *, is_repeat: bool) -> Receipt:
    """Read a stored receipt, marked when it answers a repeat."""
    return msgspec.structs.replace(msgspec.convert(stored, Receipt, from_attributes=True), is_repeat=is_repeat)
