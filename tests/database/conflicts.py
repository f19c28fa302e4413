# SPDX-License-Identifier: Apache-2.0
"""What a driver raises when a transaction cannot go on."""


class Conflict(Exception):
    """What a driver raises: an error with a state."""

    def __init__(self, state: str) -> None:
        super().__init__(f"state {state}")
        self.sqlstate = state
