# SPDX-License-Identifier: Apache-2.0
"""The catalogue of rewards."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db import transaction
from msgspec import UNSET, Meta, Struct, UnsetType, defstruct, structs

from regulars.api.door import is_current
from regulars.api.endpoint import Answer, Call, Endpoint, Nothing, Page
from regulars.api.pages import PageQuery, page_of
from regulars.api.problems import ChangedMeanwhile
from regulars.database.transactions import run_durably
from regulars.programs.queries import current_program
from regulars.rewards.actions import PRICE_MAX, VALID_DAYS_MAX, OfferTerms, change_offer, create_offer
from regulars.rewards.errors import UnknownOffer
from regulars.rewards.models import Offer
from regulars.tenancy.places import PRODUCT_LANGUAGES

_UNIT = "points"
_COUNT_MAX = 10**9
_AMOUNT_MAX = 10**15

Texts = Annotated[
    dict[Literal["en", "hi", "mr", "te", "ml", "hy"], Annotated[str, Meta(max_length=500)]],
    Meta(extra_json_schema={"propertyNames": {"enum": list(PRODUCT_LANGUAGES)}}),
]
Count = Annotated[int, Meta(ge=1, le=_COUNT_MAX)]


class Worth(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a reward is worth at the till.

    `amount_minor` is for amount_off, `percent` (and perhaps `max_minor`) for percent_off, `sku` for free_item.
    """

    amount_minor: Annotated[int, Meta(ge=1, le=_AMOUNT_MAX)] | UnsetType = UNSET
    percent: Annotated[int, Meta(ge=1, le=100)] | UnsetType = UNSET
    max_minor: Annotated[int, Meta(ge=1, le=_AMOUNT_MAX)] | UnsetType = UNSET
    sku: Annotated[str, Meta(min_length=1, max_length=80)] | UnsetType = UNSET


class NewReward(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A reward to offer: texts per language, worth, price in points, and its limits (null is none)."""

    code: Annotated[str, Meta(pattern="^[A-Za-z0-9_.-]{1,40}$")]
    name: Texts
    kind: Literal["amount_off", "percent_off", "free_item", "perk"]
    value: Worth = Worth()
    price: Annotated[int, Meta(ge=0, le=PRICE_MAX)]
    text: Texts = {}
    stock: Annotated[int, Meta(ge=0, le=_COUNT_MAX)] | None = None
    per_member_max: Count | None = None
    tiers: Annotated[list[Annotated[str, Meta(min_length=1, max_length=40)]], Meta(max_length=20)] = []
    valid_days: Annotated[int, Meta(ge=1, le=VALID_DAYS_MAX)] = 90
    is_refundable: bool = True
    is_active: bool = True


RewardChange: Any = defstruct(
    "RewardChange",
    [(one.name, one.type | UnsetType, UNSET) for one in structs.fields(NewReward) if one.name != "code"],
    frozen=True,
    forbid_unknown_fields=True,
    module=__name__,
)
RewardChange.__doc__ = (
    "What to change of a reward; what is left out stays. What members hold keeps its price and worth."
)


class Reward(Struct, frozen=True):
    """A reward of the catalogue; `taken` is how many members have taken."""

    id: UUID
    code: str
    name: dict[str, str]
    text: dict[str, str]
    kind: str
    value: dict[str, Any]
    unit: str
    price: int
    stock: int | None
    taken: int
    per_member_max: int | None
    tiers: list[str]
    valid_days: int
    is_refundable: bool
    is_active: bool
    created_at: datetime


def _reward(offer: Offer) -> Reward:
    return Reward(**{"id": offer.pk, **{name: getattr(offer, name) for name in Reward.__struct_fields__[1:]}})


def _find(call: Call[Any, Any]) -> Offer:
    offer = Offer.objects.of(call.business).filter(pk=call.path["id"]).first()
    if offer is None:
        raise UnknownOffer(offer=call.path["id"])
    return offer


def list_rewards(call: Call[None, PageQuery]) -> Answer:
    """List the catalogue by code."""
    rows = Offer.objects.of(call.business).order_by("code")
    if (after := call.query.after) is not None:
        rows = rows.filter(code__gt=after)
    return page_of(call, rows, _reward, by="code")


def make_reward(call: Call[NewReward, Nothing]) -> Answer:
    """Add a reward to the catalogue."""
    program = current_program(call.business, call.now)
    fields = structs.asdict(call.body) | {
        "value": _plain(call.body.value),
        "unit": program.unit.code if program else _UNIT,
    }
    terms = OfferTerms(**fields)
    return Answer(
        _reward(run_durably(lambda: create_offer(call.business, terms, actor=call.holder.actor, now=call.now))), 201
    )


def _plain(worth: Worth) -> dict[str, Any]:
    return {name: value for name, value in structs.asdict(worth).items() if value is not UNSET}


def get_reward(call: Call[None, Nothing]) -> Answer:
    """Return one reward."""
    return Answer(_reward(_find(call)))


def change_reward(call: Call[Any, Nothing]) -> Answer:
    """Change a reward, unless it has changed since the caller read it."""

    def change() -> Offer:
        with transaction.atomic():
            offer = Offer.objects.of(call.business).select_for_update().get(pk=_find(call).pk)
            if not is_current(call.request, _reward(offer)):
                raise ChangedMeanwhile
            wanted = {name: value for name, value in structs.asdict(call.body).items() if value is not UNSET}
            if "value" in wanted:
                wanted["value"] = _plain(wanted["value"])
            kept = {name: getattr(offer, name) for name in ("unit", *NewReward.__struct_fields__)}
            return change_offer(offer, OfferTerms(**(kept | wanted)), actor=call.holder.actor, now=call.now)

    return Answer(_reward(run_durably(change)))


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        name="list_rewards",
        method="GET",
        path="rewards",
        about="List the catalogue of rewards by code.",
        run=list_rewards,
        query=PageQuery,
        answer=Page[Reward],
        tag="Rewards",
    ),
    Endpoint(
        name="create_reward",
        method="POST",
        path="rewards",
        about="Add a reward to the catalogue.",
        run=make_reward,
        body=NewReward,
        answer=Reward,
        tag="Rewards",
        statuses=(201,),
        refusals=(409,),
    ),
    Endpoint(
        name="get_reward",
        method="GET",
        path="rewards/<uuid:id>",
        about="Return one reward.",
        run=get_reward,
        answer=Reward,
        tag="Rewards",
    ),
    Endpoint(
        name="change_reward",
        method="PATCH",
        path="rewards/<uuid:id>",
        about="Change a reward from now on.",
        run=change_reward,
        body=RewardChange,
        answer=Reward,
        tag="Rewards",
        refusals=(412,),
        takes=("If-Match",),
    ),
)
