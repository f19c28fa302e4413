# SPDX-License-Identifier: Apache-2.0
"""What imports say: the names of what can be read, how sure a guess is, and what came of a file in sentences."""

from collections.abc import Callable

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from regulars.connectors.tally import Tally
from regulars.connectors.values import DATE_STYLES, NUMBER_STYLES
from regulars.programs.words import Words

CONFIDENCES = {"high": (_("sure"), "good"), "medium": (_("likely"), "accent"), "low": (_("please check"), "warn")}
FORMAT_NAMES = {**NUMBER_STYLES, **DATE_STYLES, "whole": _("whole number")}
_REASONS = {"": _("by a rule"), "bad_debt": _("bad debt"), "stock_write_off": _("stock written off")}
_ITEMS: dict[str, Callable[[int], str]] = {
    "order": lambda count: ngettext("%(count)s purchase in the file", "%(count)s purchases in the file", count),
    "return": lambda count: ngettext("%(count)s return in the file", "%(count)s returns in the file", count),
    "customer": lambda count: ngettext("%(count)s customer in the file", "%(count)s customers in the file", count),
    "product": lambda count: ngettext("%(count)s product in the file", "%(count)s products in the file", count),
}
_OUTCOMES: dict[str, Callable[[int], str]] = {
    "recorded": lambda count: ngettext("%(count)s recorded", "%(count)s recorded", count),
    "repeated": lambda count: ngettext("%(count)s was there already", "%(count)s were there already", count),
    "refused": lambda count: ngettext("%(count)s refused", "%(count)s refused", count),
    "created": lambda count: ngettext("%(count)s is new", "%(count)s are new", count),
    "updated": lambda count: ngettext("%(count)s changed", "%(count)s changed", count),
    "unchanged": lambda count: ngettext("%(count)s stayed as it was", "%(count)s stayed as they were", count),
}


def result_texts(tally: Tally, words: Words) -> list[str]:
    """Say in sentences what a file holds, or what came of it."""
    texts = [_counted(ngettext("%(count)s row", "%(count)s rows", tally.rows), tally.rows, words)]
    for kinds, counts in ((_ITEMS, tally.items), (_OUTCOMES, tally.outcomes)):
        texts += [_counted(kinds[kind](count), count, words) for kind, count in sorted(counts.items()) if kind in kinds]
    for reason, count in sorted(tally.left_out.items()):
        text = ngettext("%(count)s row left out: %(reason)s", "%(count)s rows left out: %(reason)s", count)
        texts.append(text % {"count": words.number(count), "reason": str(_REASONS.get(reason, reason))})
    texts += [_counted(text, count, words) for text, count in _remarks(tally) if count]
    if tally.negative_rows:
        texts.append(_negative(tally, words))
    return texts


def _negative(tally: Tally, words: Words) -> str:
    text = ngettext(
        "%(count)s row has a negative amount, which is taken off its purchase: %(rows)s",
        "%(count)s rows have a negative amount, which is taken off their purchase: %(rows)s",
        tally.negative_rows,
    )
    rows = [
        gettext("row %(row)s: %(amount)s") % {"row": words.number(row), "amount": words.money(minor)}
        for row, minor in tally.first_negative
    ]
    rest = ["…"] if tally.negative_rows > len(rows) else []
    return text % {"count": words.number(tally.negative_rows), "rows": ", ".join([*rows, *rest])}


def _counted(text: str, count: int, words: Words) -> str:
    return text % {"count": words.number(count)}


def _remarks(tally: Tally) -> list[tuple[str, int]]:
    return [
        (ngettext("%(count)s row was not taken", "%(count)s rows were not taken", tally.error_rows), tally.error_rows),
        (
            ngettext("%(count)s amount was rounded", "%(count)s amounts were rounded", tally.rounded_amounts),
            tally.rounded_amounts,
        ),
        (
            ngettext(
                "%(count)s returned line names no known sale: it counts in money and is taken back by the program of its day",
                "%(count)s returned lines name no known sale: they count in money and are taken back by the program of their day",
                tally.unmatched_lines,
            ),
            tally.unmatched_lines,
        ),
    ]


PRESETS = {
    "armenia_pos": _("Armenian till: receipts"),
    "complete_journey": _("The Complete Journey: purchases"),
    "complete_journey_products": _("The Complete Journey: products"),
    "generic_customers": _("Our own export: customers"),
    "generic_orders": _("Our own export: purchases"),
    "generic_products": _("Any list of products: code, name, category"),
    "india_billing": _("Indian billing program: sale report"),
    "mailchimp_members": _("Mailchimp: audience"),
    "online_retail": _("Online Retail: invoices"),
    "shopify_customers": _("Shopify: customers"),
}
"""What the known shapes of files are, by the names of their presets."""
