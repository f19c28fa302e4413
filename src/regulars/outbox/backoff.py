# SPDX-License-Identifier: Apache-2.0
"""When to try again, and what may be said about a failure. Pure."""

from collections.abc import Callable

from regulars.kernel.errors import RegularsError

ATTEMPTS_MAX = 8
_FIRST_S = 5.0
_LONGEST_S = 3_600.0
_ERROR_MAX = 500


def jittered(delay_s: float, *, random: Callable[[], float]) -> float:
    """Return a delay moved by up to a fifth in either direction; `random` gives numbers from 0 up to 1."""
    return delay_s * (0.8 + 0.4 * random())


def delay_s(attempts: int, *, random: Callable[[], float]) -> float:
    """Return the pause after so many attempts (at least one): 5 s, doubled each time, an hour at most, ± 20 %."""
    return jittered(min(_FIRST_S * 2 ** (attempts - 1), _LONGEST_S), random=random)


def describe(error: BaseException) -> str:
    """Return what may be kept and logged of an error: its class, and its message only where messages hold no personal
    data.
    """
    name = type(error).__name__
    return f"{name}: {error.message}"[:_ERROR_MAX] if isinstance(error, RegularsError) else name
