# SPDX-License-Identifier: Apache-2.0
"""The program a new business begins with: one point for every whole unit of its currency, for everybody who says who they are."""

from datetime import UTC, datetime

from regulars.kernel.money import exponent

SINCE_EVER = datetime(2000, 1, 1, tzinfo=UTC)

_NAME = {
    "en": "Points for every purchase",
    "hi": "हर खरीद पर अंक",
    "mr": "प्रत्येक खरेदीवर गुण",
    "te": "ప్రతి కొనుగోలుపై పాయింట్లు",
    "ml": "ഓരോ വാങ്ങലിനും പോയിന്റുകൾ",
    "hy": "Միավորներ յուրաքանչյուր գնման համար",
}
_UNIT = {"en": "points", "hi": "अंक", "mr": "गुण", "te": "పాయింట్లు", "ml": "പോയിന്റുകൾ", "hy": "միավոր"}


def starter_program(currency: str) -> dict[str, object]:
    """Return the document: one point per whole unit of currency on each purchase, rounded down, never ending, no tiers."""
    gives = {"kind": "per_amount", "points": 1, "per_minor": 10 ** exponent(currency)}
    return {"unit": {"code": "points", "name": _UNIT}, "rules": [{"id": "spend", "name": _NAME, "gives": gives}]}
