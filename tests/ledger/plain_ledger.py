# SPDX-License-Identifier: Apache-2.0
"""A second, plain reading of the ledger's rules, to compare the book with: dicts of numbers, no double entry, no cleverness.

Time is counted in minutes. It shares no code with the book and is written from the rules, not from it.
"""

from typing import Any

FAR = 10**9


class No(Exception):
    """The rules refuse it; nothing has changed."""


class PlainLedger:
    """What each member has, as lots; who holds what; who owes how much."""

    def __init__(self, members: list[str]) -> None:
        self.now = 0
        self.lots: list[dict[str, Any]] = []
        self.debt = dict.fromkeys(members, 0)
        self.holds: dict[str, dict[str, Any]] = {}
        self.shop = {"issued": 0, "redeemed": 0, "breakage": 0}

    # ---- looking

    def of(self, member: str) -> list[dict[str, Any]]:
        return sorted((lot for lot in self.lots if lot["member"] == member), key=lambda lot: (lot["end"], lot["at"]))

    def is_over(self, lot: dict[str, Any]) -> bool:
        return bool(lot["end"] <= self.now)

    def is_usable(self, lot: dict[str, Any]) -> bool:
        return lot["begin"] is not None and lot["begin"] <= self.now and not self.is_over(lot)

    def usable(self, member: str) -> int:
        return sum(lot["left"] - lot["held"] for lot in self.of(member) if self.is_usable(lot))

    def balance(self, member: str) -> int:
        return sum(lot["left"] for lot in self.lots if lot["member"] == member)

    def _choose(self, member: str, points: int) -> list[tuple[dict[str, Any], int]]:
        if self.usable(member) < points:
            raise No
        chosen = []
        for lot in self.of(member):
            if self.is_usable(lot):
                part = min(lot["left"] - lot["held"], points)
                points -= part
                if part:
                    chosen.append((lot, part))
        return chosen

    # ---- moving

    def _end_rest(self, lots: list[dict[str, Any]], grace: int) -> None:
        """End what is over of lots before something comes back to them that has a grace."""
        if grace:
            self._end(lots)

    def _back(self, lots: list[dict[str, Any]], grace: int) -> None:
        """End what came back after its end, or give it so many minutes more."""
        if not grace:
            self._end(lots)
        for lot in lots:
            if self.is_over(lot) and lot["left"] > lot["held"]:
                lot["end"] = self.now + grace

    def _pay_debt(self, member: str, parts: list[tuple[dict[str, Any], int]]) -> None:
        for lot, part in parts:
            paid = min(part, self.debt[member])
            lot["left"] -= paid
            self.debt[member] -= paid

    def _end(self, lots: list[dict[str, Any]]) -> int:
        ended = 0
        for lot in lots:
            if self.is_over(lot):
                free = lot["left"] - lot["held"]
                lot["left"] -= free
                lot["expired"] += free
                ended += free
        self.shop["breakage"] += ended
        return ended

    def credit(self, member: str, points: int, *, begin: int | None, end: int, at: int | None = None) -> dict[str, Any]:
        lot = {"member": member, "given": points, "left": points, "held": 0, "expired": 0, "begin": begin, "end": end}
        lot["at"] = self.now if at is None else at
        self.lots.append(lot)
        return lot

    def earn(self, member: str, points: int, *, begin: int | None, end: int, at: int | None = None) -> dict[str, Any]:
        self.shop["issued"] -= points
        lot = self.credit(member, points, begin=begin, end=end, at=at)
        self._pay_debt(member, [(lot, points)])
        return lot

    def spend(self, member: str, points: int) -> list[tuple[dict[str, Any], int]]:
        chosen = self._choose(member, points)
        for lot, part in chosen:
            lot["left"] -= part
        self.shop["redeemed"] += points
        return chosen

    def give_back(
        self, member: str, points: int, drawn: list[tuple[dict[str, Any], int]], *, grace: int = 0
    ) -> list[int]:
        """Return how much went back to each of the lots drawn on, in the order in which they were drawn on."""
        went = []
        for _, part in reversed(drawn):
            back = min(part, points)
            points -= back
            went.insert(0, back)
        returned = [(lot, back) for (lot, _), back in zip(drawn, went, strict=True) if back]
        self._end_rest([lot for lot, _ in returned], grace)
        for lot, back in returned:
            lot["left"] += back
            self.shop["redeemed"] -= back
        self._pay_debt(member, returned[::-1])
        self._back([lot for lot, _ in returned], grace)
        return went

    def reverse(self, own: dict[str, Any], points: int, policy: str) -> int:
        """Take back what a lot was given; return what was missing."""
        member = own["member"]
        others = [lot for lot in self.of(member) if lot is not own and not self.is_over(lot)]
        reach = own["left"] - own["held"] + own["expired"] + sum(lot["left"] - lot["held"] for lot in others)
        missing = max(points - reach, 0)
        if missing and policy == "refuse":
            raise No
        self.shop["issued"] += points
        self.debt[member] += missing
        points -= missing
        from_free = min(own["left"] - own["held"], points)
        from_expired = min(own["expired"], points - from_free)
        own["left"] -= from_free
        own["expired"] -= from_expired
        self.shop["breakage"] -= from_expired
        points -= from_free + from_expired
        for lot in others:
            part = min(lot["left"] - lot["held"], points)
            lot["left"] -= part
            points -= part
        return missing

    def expire(self, member: str) -> int:
        return self._end(self.of(member))

    def transfer(self, giver: str, taker: str, points: int) -> None:
        moved = []
        for lot, part in self._choose(giver, points):
            lot["left"] -= part
            moved.append((self.credit(taker, part, begin=lot["begin"], end=lot["end"], at=lot["at"]), part))
        self._pay_debt(taker, moved)

    # ---- holding

    def hold(self, name: str, member: str, points: int, until: int) -> None:
        chosen = self._choose(member, points)
        for lot, part in chosen:
            lot["held"] += part
        self.holds[name] = {"member": member, "points": points, "parts": chosen, "until": until, "state": "open"}

    def _resolve(self, name: str, state: str) -> dict[str, Any]:
        hold = self.holds[name]
        if hold["state"] != "open" or (state != "expired" and hold["until"] <= self.now):
            raise No
        hold["state"] = state
        return hold

    def settle(self, name: str, points: int, *, grace: int = 0) -> None:
        if points > self.holds[name]["points"]:
            raise No
        hold = self._resolve(name, "settled")
        self._end_rest([lot for lot, _ in hold["parts"]], grace)
        self.shop["redeemed"] += points
        freed = []
        for lot, part in hold["parts"]:
            used = min(part, points)
            points -= used
            lot["held"] -= part
            lot["left"] -= used
            freed.append((lot, part - used))
        self._pay_debt(hold["member"], freed)
        self._back([lot for lot, _ in freed], grace)

    def release(self, name: str, state: str, *, grace: int = 0) -> None:
        hold = self._resolve(name, state)
        self._end_rest([lot for lot, _ in hold["parts"]], grace)
        for lot, part in hold["parts"]:
            lot["held"] -= part
        self._pay_debt(hold["member"], hold["parts"])
        self._back([lot for lot, _ in hold["parts"]], grace)

    # ---- waiting

    def activate(self, lot: dict[str, Any], end: int) -> None:
        lot["begin"], lot["end"] = self.now, end

    def call_off(self, lot: dict[str, Any]) -> None:
        self.shop["issued"] += lot["left"]
        lot["left"] = 0
