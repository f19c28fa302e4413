# SPDX-License-Identifier: Apache-2.0
"""What one commit wrote, by keys: the payload of the job that seals it, and afterwards what its seal covers."""

from collections.abc import Mapping
from typing import Any

import msgspec

SEAL = "seal"


class Commit(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Keys as hexadecimal digits in capitals. Without a key of its own a commit wrote events alone, and nothing is sealed.

    `decisions` are named by their facts: what somebody bought before they joined is decided in a later commit than its fact's.
    """

    key: str = ""
    events: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    attributions: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    transactions: tuple[str, ...] = ()
    lots: tuple[str, ...] = ()
    allocations: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    resolutions: tuple[str, ...] = ()


def commit_of(payload: Mapping[str, Any]) -> Commit:
    """Return what a seal or the job before it names."""
    return msgspec.convert(payload, Commit)
