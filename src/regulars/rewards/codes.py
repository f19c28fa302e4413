# SPDX-License-Identifier: Apache-2.0
"""Voucher codes, pure: twelve random characters of Crockford's base 32 and a check character.

A code is derived from the entitlement's key and a secret, so that it can be shown again and is stored nowhere in clear; what is
stored is its digest. Sixty bits make guessing hopeless: with 100,000 live codes a million guesses succeed once in ten million.
"""

import hashlib
import hmac
from uuid import UUID

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHECK = _ALPHABET + "*~$=U"
_LENGTH = 12
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def make_code(secret: bytes, entitlement: UUID) -> str:
    """Return the code of an entitlement, grouped for the eye: `7K3M-9QXT-2VHB-D`."""
    number = int.from_bytes(hmac.digest(secret, b"voucher" + entitlement.bytes, "sha256")[:8]) >> 4
    body = "".join(_ALPHABET[number >> shift & 31] for shift in range(55, -5, -5))
    return f"{body[:4]}-{body[4:8]}-{body[8:]}-{_CHECK[number % 37]}"


def normalise_code(text: str) -> str | None:
    """Return what a person typed as the bare code, or None when it cannot be one: wrong length, characters or check."""
    bare = text.upper().translate(_MISREAD)
    if len(bare) != _LENGTH + 1 or any(char not in _ALPHABET for char in bare[:-1]):
        return None
    number = 0
    for char in bare[:-1]:
        number = number << 5 | _ALPHABET.index(char)
    return bare if _CHECK[number % 37] == bare[-1] else None


def digest_code(bare: str) -> bytes:
    """Return what is stored of a normalised code."""
    return hashlib.sha256(bare.encode()).digest()
