# SPDX-License-Identifier: Apache-2.0
"""The one base of every error that a user can cause: a stable code, a status and a translatable text."""

from typing import ClassVar


def gettext_noop(message: str) -> str:
    """Mark a message for the catalogues without translating it; the door that shows it translates."""
    return message


class RegularsError(Exception):
    """An operating error that names the cause, the value and the remedy.

    Subclasses stand beside the code that raises them and set `code` (stable, documented), `status` (of HTTP) and `text`
    (English message id with named placeholders, filled from the keyword data). No secret and no personal data goes in.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    text: ClassVar[str] = gettext_noop("Something went wrong.")

    def __init__(self, **data: object) -> None:
        super().__init__(self.text % data)
        self.data = data

    @property
    def message(self) -> str:
        """Return the English text with its values."""
        return self.text % self.data
