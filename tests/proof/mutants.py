# SPDX-License-Identifier: Apache-2.0
"""Mistakes that somebody could make, each of which the fast tests must notice: file, right text, wrong text."""

BOOK, HOLDING, CHAIN, VERIFY = "ledger/book.py", "ledger/holding.py", "ledger/chain.py", "ledger/verify.py"
SEALED, VERIFYING = "ledger/sealed.py", "flow/verifying.py"
DECIDE, INPUTS = "programs/decide.py", "programs/inputs.py"
RETURNING, STANDING, LASTING = "flow/returning.py", "flow/standing.py", "flow/lasting.py"
CORRECTING, CLAIMING = "flow/correcting.py", "flow/claiming.py"
ADJUSTING, AUTOMATIC = "flow/adjusting.py", "flow/automatic.py"
AGAIN, AUDITING, IDS = "programs/again.py", "flow/auditing.py", "kernel/ids.py"
LOAD, RECEIVE, EARNING = "flow/load.py", "flow/receive.py", "flow/earning.py"

MUTANTS: dict[str, tuple[str, str, str]] = {
    "what came in first is used first": (
        BOOK,
        "return (self.expires_at or _NEVER, self.occurred_at, self.key)",
        "return (self.occurred_at, self.expires_at or _NEVER, self.key)",
    ),
    "usable in the second in which it ends": (BOOK, "or now < expires_at", "or now <= expires_at"),
    "ends a moment late": (
        BOOK,
        "self.expires_at is not None and self.expires_at <= now",
        "self.expires_at is not None and self.expires_at < now",
    ),
    "held points are free": (BOOK, "return self.remaining - self.held", "return self.remaining"),
    "one point too many": (
        BOOK,
        "        if missing:\n            raise Insuff",
        "        if missing > 1:\n            raise Insuff",
    ),
    "debts are forgiven when spent points come back": (
        BOOK,
        "        self._recover(account, parts, posting, transaction)\n        self._end_or_spare(account",
        "        self._end_or_spare(account",
    ),
    "debts are paid without end": (
        BOOK,
        "recovered = min(-deficit.balance, sum(part for _, part in parts))",
        "recovered = sum(part for _, part in parts)",
    ),
    "all that was held is settled": (
        HOLDING,
        "            part = min(pinned, missing)\n",
        "            part = pinned\n",
    ),
    "a voided hold can be settled": (HOLDING, 'if hold.state != "open":', 'if hold.state == "settled":'),
    "an overdue hold can be settled": (
        HOLDING,
        'if state != "expired" and hold.expires_at <= self.now:',
        'if state != "expired" and hold.expires_at < self.now:',
    ),
    "more is settled than was held": (HOLDING, "if amount > hold.amount:", "if amount > hold.amount + 1:"),
    "one hold frees what others hold": (HOLDING, "            lot.held -= pinned\n", "            lot.held = 0\n"),
    "held points end": (
        BOOK,
        "(lot, lot.free) for lot in (account.lots if only is None else only)",
        "(lot, lot.remaining) for lot in (account.lots if only is None else only)",
    ),
    "what was drawn first goes back first": (BOOK, "for origin in reversed(drawn):", "for origin in drawn:"),
    "more goes back than was drawn": (
        BOOK,
        "            part = min(origin.amount, missing)\n",
        "            part = min(origin.amount + 1, missing)\n",
    ),
    "points that ended are taken twice": (BOOK, "lambda lot: lot.expired)", "lambda lot: 0)"),
    "nothing is ever refused": (
        BOOK,
        "if missing and negative is Negative.REFUSE:",
        "if not missing and negative is None:",
    ),
    "moved points never end": (BOOK, "available_at, expires_at=lot.expires_at,", "available_at, expires_at=None,"),
    "activated points never end": (
        BOOK,
        "waits_until=None, expires_at=expires_at,",
        "waits_until=None, expires_at=None,",
    ),
    "called off and still waiting": (
        BOOK,
        "available_at=None, waits_until=None, expires_at=lot.expires_at",
        "available_at=lot.available_at, waits_until=None, expires_at=lot.expires_at",
    ),
    "the chain forgets amounts": (
        SEALED,
        '"account_id": "uuid", "amount": "bigint", "counts_at"',
        '"account_id": "uuid", "counts_at"',
    ),
    "the chain forgets what came before": (CHAIN, "[previous, *digests,", "[GENESIS, *digests,"),
    "the chain knows no terms of lots": (SEALED, '"waits_for": "text", **_TERMS,', '"waits_for": "text",'),
    "what nobody sealed is right": (VERIFYING, "!= self.covered[table.name] +", "< self.covered[table.name] +"),
    "decisions are not compared with what was booked": (
        VERIFYING,
        "if -issued[booking] != points:",
        "if points is None:",
    ),
    "what was cut off is not missed": (VERIFYING, "if anchor.position > self.position", "if anchor.position < 0"),
    "nobody compares what is held": (
        VERIFY,
        "if held.pop(to_key(key), 0) != amount:",
        "if held.pop(to_key(key), 0) < 0:",
    ),
    "nobody compares balances and lots": (
        VERIFY,
        "(a.kind = 'member' AND a.balance",
        "(a.kind = 'nobody' AND a.balance",
    ),
    "rounds to the nearest": (DECIDE, '"floor": floor_div', '"floor": round_half_up_div'),
    "a decision forgets what was sold": (INPUTS, "for name in compiled.line_inputs_read:", "for name in ():"),
    "a decision forgets what did not earn": (INPUTS, "if not all(situation.earns):", "if not any(situation.earns):"),
    "a decision forgets what was used up": (INPUTS, '        inputs["used"] = used\n', '        inputs["used"] = {}\n'),
    "a category rule counts the whole basket": (
        DECIDE,
        "else self.places.get(bit, ())",
        "else range(len(self.lines))",
    ),
    "the least important rule wins": (
        DECIDE,
        "key=lambda contender: -contender[0].priority",
        "key=lambda contender: contender[0].priority",
    ),
    "a limit is passed once": (DECIDE, ">= limit.times:", "> limit.times:"),
    "the maximum balance is passed": (
        DECIDE,
        "left = program.unit.balance_max - situation.balance",
        "left = program.unit.balance_max",
    ),
    "each part is rounded on its own": (
        RETURNING,
        "return _target(amount, part.line, part.after) - _target(amount, part.line, part.before)",
        "return _target(amount, part.line, part.after - part.before)",
    ),
    "taken back twice": (RETURNING, "if fact.key in batch.cancelled:", "if fact.key in ():"),
    "taken from other points first": (
        RETURNING,
        "own = frozenset({UUID(lot)}) if lot else frozenset()\n    reversal",
        "own = frozenset()\n    reversal",
    ),
    "more comes back than was sold": (RETURNING, "if left > 0:\n            raise", "if left < 0:\n            raise"),
    "spent points go back by heads": (RETURNING, "[max(line.net_minor, 0) for line in lines]", "[1 for _ in lines]"),
    "called off and taken again": (RETURNING, "return any(lot.is_called_off for lot in lots)", "return False"),
    "only the last purchase counts": (STANDING, "member.progress += amount", "member.progress = amount"),
    "a late purchase has the tier of today": (STANDING, "if moment >= member.tier_since:", "if member.tier_since:"),
    "what waited in vain still counts": (
        LASTING,
        "add_progress(batch, member, ladder, -points,",
        "add_progress(batch, member, ladder, 0,",
    ),
    "another body under the name is the same": (LOAD, "if digest == item.digest:", "if digest:"),
    "what comes twice in a batch is new": (LOAD, "elif key in first:", "elif key in ():"),
    "a refused intake leaves what it moved": (RECEIVE, "if batch.mark() != before or", "if batch.mark() < before or"),
    "points that wait can be used at once": (
        EARNING,
        "available_at=terms.available_at, expires_at=terms.expires_at",
        "available_at=occurred_at, expires_at=terms.expires_at",
    ),
    "a used-up rule silences others": (
        DECIDE,
        "if outcome.points and outcome.rule in contending]",
        "if outcome.rule in contending]",
    ),
    "what is left over is lost": (DECIDE, "floor_div(worth + carry, rate.per_minor", "floor_div(worth, rate.per_minor"),
    "a return leaves what it had carried": (
        RETURNING,
        "            _count_less(batch, member, window, carried)",
        "            _count_less(batch, member, window, 0)",
    ),
    "an undone purchase has used its limit up": (
        RETURNING,
        "            _count_less(batch, member, window, amount)",
        "            pass",
    ),
    "an event comes in time whenever it comes": (
        LASTING,
        "and event.occurred_at < lot.waits_until",
        "and event.occurred_at",
    ),
    "called off and activated all the same": (LASTING, "if not lot.is_called_off and (", "if ("),
    "a correction forgets what came back": (
        CORRECTING,
        "    count_returned(batch, parts)\n    member = batch.members.get(item.customer)",
        "    parts = []\n    member = batch.members.get(item.customer)",
    ),
    "claims reach back for ever": (CLAIMING, "if since and fact.occurred_at >= since", "if since"),
    "claims forget what came back": (
        CLAIMING,
        "    keep_reversed(batch, past, reverse_order(batch, past, member, fact.key, parts))\n",
        "",
    ),
    "a grace brings all of a lot back": (BOOK, "self.expire(account, fact, only=lots) if grace_until else 0", "0"),
    "an activity moves the end of a grace": (
        BOOK,
        "expires_at=grace_until,\n                    expiry=None,",
        "expires_at=grace_until,\n                    expiry=lot.expiry,",
    ),
    "a late purchase ends by the level of today": (
        EARNING,
        "program.expiry_in(tier_at(batch, member, occurred_at))",
        "program.expiry_in(member.tier)",
    ),
    "the balance is looked at before points end": (
        ADJUSTING,
        "    take_at_night(batch, item, member)\n",
        "    take_at_night(batch, item, member)\n    evaluate_balance(batch, item, member)\n",
    ),
    "nobody takes a reward at night": (
        ADJUSTING,
        "    take_at_night(batch, item, member)\n    evaluate_member(batch, item, member)\n",
        "    evaluate_member(batch, item, member)\n",
    ),
    "pending points pay for rewards": (
        AUTOMATIC,
        "batch.account_of(member.customer).available(batch.now)",
        "batch.account_of(member.customer).balance",
    ),
    "a receipt is added again": (
        CLAIMING,
        "    if order.customer is not None:\n",
        "    if order.customer == item.customer:\n",
    ),
    "a receipt can be added for ever": (
        CLAIMING,
        "> bought_on + timedelta(days=days)",
        "> bought_on + timedelta(days=999)",
    ),
    "what came back before counts for nobody": (
        CLAIMING,
        "for fact in (order.key, *batch.returns.get(order.key, ()), *came_back):",
        "for fact in (order.key,):",
    ),
    "a correction loses the one who added the receipt": (
        LOAD,
        "            item.customer = earlier.customer\n",
        "            pass\n",
    ),
    "a decision may say what it likes": (
        AGAIN,
        "if (then.get(name) or None) != (now[name] or None):",
        "if then is now:",
    ),
    "a stranger among sealed rows is overlooked": (VERIFYING, "if mark not in marks}", "if not mark}"),
    "the audit log says what there is for what there was": (
        AUDITING,
        'had, has = {"points": item.balance_before}, {"points": receipt.balance}',
        'had, has = {"points": receipt.balance}, {"points": receipt.balance}',
    ),
    "everybody corrects as nobody": (
        AUDITING,
        "        item.actor,\n",
        "        type(item.actor)(item.actor.kind, None, ''),\n",
    ),
    "forked processes draw the same numbers": (IDS, "os.register_at_fork(after_in_child=_chance.seed)", "os.getpid()"),
}
