# SPDX-License-Identifier: Apache-2.0
"""Canonical bytes and their SHA-256: equal values give equal digests on every machine and database."""

import hashlib

import msgspec

_ENCODER = msgspec.json.Encoder(order="deterministic")


def canonical(value: object) -> bytes:
    """Encode plain values and structs as JSON with sorted keys."""
    return _ENCODER.encode(value)


def digest(value: object) -> bytes:
    """Return the 32 bytes of SHA-256 over the canonical form."""
    return hashlib.sha256(canonical(value)).digest()
