# SPDX-License-Identifier: Apache-2.0
"""What a basket would bring now; nothing is written."""

from typing import Any
from uuid import UUID

from msgspec import Struct, structs

from regulars.api.endpoint import Answer, Call, Endpoint, Nothing
from regulars.api.intakes import body_of
from regulars.api.problems import Problem, problem_of
from regulars.api.words import Outcome, words_for, write_account, write_outcome
from regulars.flow.intake import Order
from regulars.flow.quote import CodeQuote, Quote, RewardQuote
from regulars.flow.quoter import quoter
from regulars.kernel.errors import RegularsError
from regulars.programs.explain import text_in
from regulars.programs.words import Words

_NAME = "quote"


class QuotedLine(Struct, frozen=True):
    """What one line would earn, counted from 1."""

    line: int
    sku: str
    points: int


class QuotedReward(Struct, frozen=True):
    """One reward of the catalogue for this customer and basket. `problem` says why it cannot be had now; null where it can."""

    offer: str
    name: str
    kind: str
    price: int
    points_missing: int
    discount_minor: int
    discounts_minor: list[int]
    problem: Problem | None


class QuotedCode(Struct, frozen=True):
    """One voucher code of the basket. `problem` says why it cannot be used; null where it can."""

    code: str
    offer: str
    discount_minor: int
    discounts_minor: list[int]
    problem: Problem | None


class QuotedTier(Struct, frozen=True):
    """The level now and after the purchase, and how much progress the next one would still ask for then."""

    tier: str
    tier_after: str
    progress_after: int
    next_tier: str
    missing: int | None


class QuotedBasket(Struct, frozen=True):
    """What recording this basket as an order would bring, and why the other rules for purchases would not. `points_as_member` is what a
    member would earn, for those who are none.

    `payment_problem` says why the points cannot be paid with; the rest of the quote then counts without them. Discounts are not yet
    taken off the lines: send the reduced lines to see what they earn.
    """

    customer: UUID | None
    is_member: bool
    points_earned: int
    points_as_member: int
    points_available: int
    payment_problem: Problem | None
    earnings: list[Outcome]
    not_earned: list[Outcome]
    lines: list[QuotedLine]
    rewards: list[QuotedReward]
    codes: list[QuotedCode]
    standing: QuotedTier


def _quote(call: Call[Any, Nothing]) -> Answer:
    order = Order(external_id=_NAME, occurred_at=call.now, **structs.asdict(call.body))
    quoted = quoter.quote_one(call.business, order)
    with words_for(call.business, call.language, quoted.program) as words:
        return Answer(_written(quoted, order, words))


def _written(quoted: Quote, order: Order, words: Words) -> QuotedBasket:
    after = quoted.after
    earnings = [write_outcome(one, words) for one in quoted.outcomes]
    per_line = [sum(points) for points in zip(*(one.per_line for one in earnings), strict=True)] or [0] * len(
        order.lines
    )
    return QuotedBasket(
        quoted.customer,
        quoted.is_member,
        quoted.points_earned,
        quoted.points_as_member,
        quoted.available,
        _problem(quoted.payment_refusal, words),
        earnings,
        [write_account(one, words) for one in quoted.others],
        [
            QuotedLine(place, line.sku, points)
            for place, (line, points) in enumerate(zip(order.lines, per_line, strict=True), start=1)
        ],
        [_reward(reward, quoted.available, words) for reward in quoted.rewards],
        [_code(code, words) for code in quoted.codes],
        QuotedTier(quoted.tier, after.tier, after.progress, after.next_tier, after.missing),
    )


def _problem(refusal: RegularsError | None, words: Words) -> Problem | None:
    return None if refusal is None else problem_of(refusal, words.language)


def _reward(reward: RewardQuote, available: int, words: Words) -> QuotedReward:
    offer, discounts = reward.offer, list(reward.discounts)
    missing = max(offer.price - available, 0)
    return QuotedReward(
        offer.code,
        text_in(reward.name, words.language),
        offer.kind,
        offer.price,
        missing,
        sum(discounts),
        discounts,
        _problem(reward.refusal, words),
    )


def _code(code: CodeQuote, words: Words) -> QuotedCode:
    return QuotedCode(code.code, code.offer, sum(code.discounts), list(code.discounts), _problem(code.refusal, words))


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        name="quote",
        method="POST",
        path="quotes",
        about="Say what a basket would earn, which rewards apply and why not; nothing is written.",
        run=_quote,
        body=body_of(Order, without=["external_id", "occurred_at", "revision"], name="Basket"),
        answer=QuotedBasket,
        tag="Quotes",
        refusals=(404,),
    ),
)
