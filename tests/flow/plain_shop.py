# SPDX-License-Identifier: Apache-2.0
"""A second, plain reading of what a shop's intakes do to points, to compare the path with.

One rule (a point per hundred minor units, rounded down), one event that gives ten points, points that end after days, perhaps
wait for a day, one reward. Moments are seconds; it shares no code with the path and keeps everything in dicts.
"""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from ledger.plain_ledger import No, PlainLedger
from regulars.flow.intake import (
    Adjustment,
    Cancel,
    Closing,
    Event,
    HoldPoints,
    Intake,
    Order,
    PendingChange,
    Redemption,
    Return,
    SettleHold,
    Transfer,
    UseEntitlement,
    VoidHold,
)

PRICE, STOCK, EVENT_POINTS = 40, 25, 10


def split(amount: int, weights: list[int]) -> list[int]:
    """Split by largest remainder, ties to the earlier."""
    total = sum(weights)
    if not total:
        return [amount] + [0] * (len(weights) - 1)
    parts = [amount * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
    for i in order[: amount - sum(parts)]:
        parts[i] += 1
    return parts


def target(amount: int, returned: int, sold: int) -> int:
    """Return what of an amount is reversed once so many of the pieces have come back: halves up."""
    return (2 * amount * returned + sold) // (2 * sold)


class PlainShop:
    """What a shop knows of points. `apply` does an intake or refuses it by raising No, and then has changed nothing."""

    def __init__(self, zone: ZoneInfo, *, life_days: int, delay_days: int, policy: str) -> None:
        self.zone, self.life_days, self.delay_days, self.policy = zone, life_days, delay_days, policy
        self.ledger = PlainLedger([])
        self.names: dict[str, Intake] = {}
        self.sales: dict[str, dict[str, Any]] = {}
        self.events: dict[str, dict[str, Any]] = {}
        self.adjusted: dict[str, dict[str, Any]] = {}
        self.rewards: dict[str, dict[str, Any]] = {}
        self.hold_name: dict[Any, str] = {}
        self.reward_name: dict[Any, str] = {}
        self.cancelled: set[str] = set()
        self.taken = 0

    def apply(self, intake: Intake, now: datetime) -> None:
        """Do what an intake says, once."""
        self.ledger.now = round(now.timestamp())
        members = set(self.ledger.debt)
        try:
            self._does[type(intake)](self, intake)
        except No:
            for stranger in set(self.ledger.debt) - members:
                del self.ledger.debt[stranger]
            raise
        self.names[intake.external_id] = intake

    # ---- days

    def _local_midnight(self, moment: datetime, days: int) -> int:
        day = moment.astimezone(self.zone).date() + timedelta(days=days)
        return round(datetime.combine(day, time(), self.zone).timestamp())

    def _begin(self, moment: datetime) -> int:
        return self._local_midnight(moment, self.delay_days) if self.delay_days else round(moment.timestamp())

    def _end(self, begin: int) -> int:
        return self._local_midnight(datetime.fromtimestamp(begin, self.zone), self.life_days + 1)

    def _member(self, intake: Intake) -> str:
        assert intake.customer is not None
        self.ledger.debt.setdefault(intake.customer.phone, 0)
        return intake.customer.phone

    def _earn(self, member: str, points: int, intake: Intake) -> dict[str, Any] | None:
        if not points:
            return None
        begin = self._begin(intake.occurred_at)
        at = round(intake.occurred_at.timestamp())
        return self.ledger.earn(member, points, begin=begin, end=self._end(begin), at=at)

    # ---- what is bought and what comes back

    def _order(self, order: Order) -> None:
        member = self._member(order)
        used = [self._usable(self.reward_name[code], member) for code in order.codes]
        drawn = self.ledger.spend(member, order.points) if order.points else []
        for reward in used:
            self._use(reward, order.external_id)
        nets = [line.amount_minor for line in order.lines]
        points = sum(nets) // 100
        self.sales[order.external_id] = {
            "member": member,
            "lot": self._earn(member, points, order),
            "earned": split(points, nets),
            "paid": split(order.points, nets),
            "drawn": drawn,
            "sold": [int(line.quantity) for line in order.lines],
            "back": [0] * len(nets),
            "codes": [self.reward_name[code] for code in order.codes],
        }

    def _return(self, back: Return) -> None:
        sale = self.sales.get(back.order or "")
        if sale is None:
            raise No
        wanted = [0] * len(sale["sold"])
        if back.lines:
            for line in back.lines:
                wanted[(line.line or 1) - 1] += int(line.quantity)
        else:
            wanted = [sold - gone for sold, gone in zip(sale["sold"], sale["back"], strict=True)]
            if not any(wanted):
                raise No
        if any(more + gone > sold for more, gone, sold in zip(wanted, sale["back"], sale["sold"], strict=True)):
            raise No
        self._take_back(sale, wanted)

    def _take_back(self, sale: dict[str, Any], wanted: list[int]) -> None:
        def share(amounts: list[int]) -> int:
            rows = zip(amounts, wanted, sale["back"], sale["sold"], strict=True)
            return sum(target(a, gone + more, sold) - target(a, gone, sold) for a, more, gone, sold in rows)

        reversed_, given_back = share(sale["earned"]), share(sale["paid"])
        lot = sale["lot"]
        if reversed_ and lot is not None and not lot.get("is_called_off"):
            self.ledger.reverse(lot, reversed_, self.policy)
        if sale["drawn"]:
            self._give_back(sale, given_back)
        sale["back"] = [gone + more for gone, more in zip(sale["back"], wanted, strict=True)]

    def _give_back(self, spent: dict[str, Any], points: int) -> None:
        went = self.ledger.give_back(spent["member"], points, spent["drawn"])
        spent["drawn"] = [(lot, part - back) for (lot, part), back in zip(spent["drawn"], went, strict=True)]

    def _event(self, event: Event) -> None:
        member = self._member(event)
        self.events[event.external_id] = {"member": member, "lot": self._earn(member, EVENT_POINTS, event)}

    # ---- taking back

    def _cancel(self, cancel: Cancel) -> None:
        name = cancel.cancels
        if name in self.cancelled:
            raise No
        if name in self.sales:
            self._cancel_sale(self.sales[name])
        elif name in self.events:
            if not self.events[name]["lot"].get("is_called_off"):
                self.ledger.reverse(self.events[name]["lot"], EVENT_POINTS, self.policy)
        elif name in self.adjusted:
            self._cancel_adjustment(self.adjusted[name])
        elif name in self.rewards:
            self._cancel_reward(self.rewards[name])
        else:
            raise No
        self.cancelled.add(name)

    def _cancel_sale(self, sale: dict[str, Any]) -> None:
        self._take_back(sale, [sold - gone for sold, gone in zip(sale["sold"], sale["back"], strict=True)])
        for name in sale["codes"]:
            if self.rewards[name]["hold"] is None:
                self.rewards[name]["state"] = "issued"

    def _cancel_adjustment(self, adjusted: dict[str, Any]) -> None:
        if adjusted["points"] > 0:
            self.ledger.reverse(adjusted["lot"], adjusted["points"], self.policy)
        else:
            self._give_back(adjusted, -adjusted["points"])

    def _cancel_reward(self, reward: dict[str, Any]) -> None:
        if reward["state"] not in {"issued", "reserved"}:
            raise No
        if reward["hold"]:
            self.ledger.release(reward["hold"], "voided")
        elif reward["drawn"]:
            self._give_back(reward, PRICE)
        reward["state"] = "cancelled"
        self.taken -= 1

    # ---- points by hand

    def _adjust(self, adjustment: Adjustment) -> None:
        member, points = self._member(adjustment), adjustment.points
        adjusted: dict[str, Any] = {"member": member, "points": points}
        if points > 0:
            at = round(adjustment.occurred_at.timestamp())
            adjusted["lot"] = self.ledger.earn(member, points, begin=at, end=self._end(at), at=at)
        else:
            adjusted["drawn"] = self.ledger.spend(member, -points)
        self.adjusted[adjustment.external_id] = adjusted

    def _transfer(self, transfer: Transfer) -> None:
        giver, taker = self._member(transfer), transfer.to.phone
        if taker not in self.ledger.debt or taker == giver:
            raise No
        self.ledger.transfer(giver, taker, transfer.points)

    def _pending(self, change: PendingChange) -> None:
        about = self.sales.get(change.of) or self.events.get(change.of)
        if about is None:
            raise No
        lot = about["lot"]
        if lot is None or lot["begin"] is None or lot["begin"] <= self.ledger.now:
            return
        if change.is_cancelled:
            self.ledger.call_off(lot)
            lot["begin"], lot["is_called_off"] = None, True
        else:
            self.ledger.activate(lot, lot["end"])

    # ---- holds and rewards

    def _hold(self, hold: HoldPoints) -> None:
        until = self.ledger.now + hold.ttl_s
        self.ledger.hold(hold.external_id, self._member(hold), hold.points, until)

    def _settle(self, settle: SettleHold) -> None:
        name = self.hold_name[settle.hold]
        self.ledger.settle(name, settle.points or self.ledger.holds[name]["points"])

    def _void(self, void: VoidHold) -> None:
        self.ledger.release(self.hold_name[void.hold], "voided")

    def _redeem(self, redemption: Redemption) -> None:
        member, name = self._member(redemption), redemption.external_id
        if self.taken >= STOCK:
            raise No
        reward: dict[str, Any] = {"member": member, "hold": None, "drawn": [], "state": "issued"}
        if redemption.is_reserved:
            reward["until"] = self.ledger.now + redemption.ttl_s
            self.ledger.hold(f"reward {name}", member, PRICE, reward["until"])
            reward["hold"], reward["state"] = f"reward {name}", "reserved"
        else:
            reward["until"] = self._local_midnight(datetime.fromtimestamp(self.ledger.now, self.zone), 11)
            reward["drawn"] = self.ledger.spend(member, PRICE)
        self.rewards[name] = reward
        self.taken += 1

    def _usable(self, name: str, member: str | None) -> dict[str, Any]:
        reward = self.rewards[name]
        is_others = member is not None and reward["member"] != member
        if is_others or reward["state"] not in {"issued", "reserved"} or reward["until"] <= self.ledger.now:
            raise No
        return reward

    def _use(self, reward: dict[str, Any], on: str) -> None:
        if reward["state"] == "reserved":
            self.ledger.settle(reward["hold"], PRICE)
        reward["state"] = "redeemed"

    def _use_alone(self, use: UseEntitlement) -> None:
        self._use(self._usable(self.reward_name[use.entitlement], None), use.external_id)

    # ---- the end of a day

    def _close(self, closing: Closing) -> None:
        member = self._member(closing)
        for name, hold in self.ledger.holds.items():
            if hold["member"] == member and hold["state"] == "open" and hold["until"] <= self.ledger.now:
                self.ledger.release(name, "expired")
        for reward in self.rewards.values():
            is_open = reward["member"] == member and reward["state"] in {"issued", "reserved"}
            if is_open and reward["until"] <= self.ledger.now:
                self.taken -= reward["state"] == "reserved"
                reward["state"] = "expired"
        self.ledger.expire(member)

    _does: ClassVar[dict[type, Callable[["PlainShop", Any], None]]] = {
        Order: _order,
        Return: _return,
        Event: _event,
        Cancel: _cancel,
        Adjustment: _adjust,
        Transfer: _transfer,
        PendingChange: _pending,
        HoldPoints: _hold,
        SettleHold: _settle,
        VoidHold: _void,
        Redemption: _redeem,
        UseEntitlement: _use_alone,
        Closing: _close,
    }
