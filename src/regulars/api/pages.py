# SPDX-License-Identifier: Apache-2.0
"""Lists in parts: an opaque cursor says where the next part begins, whatever is added meanwhile."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Model, QuerySet
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from regulars.api.endpoint import Answer, Call, Page
from regulars.customers.searching import BadCursor

LIMIT_MAX = 200
Limit = Annotated[int, Meta(ge=1, le=LIMIT_MAX, description="How many at most.")]
Cursor = Annotated[
    str, Meta(min_length=1, max_length=400, pattern="^[A-Za-z0-9_-]+$", description="The `next` of the part before.")
]

_Item = TypeVar("_Item")
_Row = TypeVar("_Row", bound=Model)


class PageQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which part of a list is wanted."""

    limit: Limit = 50
    cursor: Cursor | UnsetType = UNSET

    @property
    def after(self) -> str | None:
        """Return the place after which the part begins. Raises BadCursor."""
        return None if self.cursor is UNSET else read_cursor(self.cursor)

    @property
    def after_key(self) -> UUID | None:
        """Return the key after which the part begins. Raises BadCursor."""
        after = self.after
        try:
            return None if after is None else UUID(after)
        except ValueError:
            raise BadCursor(value=str(self.cursor)[:60]) from None


def make_cursor(place: str) -> str:
    """Return a place in a list as an opaque text."""
    return urlsafe_b64encode(place.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> str:
    """Return the place that a cursor stands for. Raises BadCursor."""
    try:
        return urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        raise BadCursor(value=cursor[:60]) from None


def page_answer(call: Call[Any, Any], items: list[_Item], *, after: str | None) -> Answer:
    """Return one part of a list; `after` is the place of its last item where more follow."""
    if after is None:
        return Answer(Page(items))
    cursor = make_cursor(after)
    asked = {
        name: value for name, value in structs.asdict(call.query).items() if value is not UNSET and name != "cursor"
    }
    target = f"{call.request.path}?{urlencode({**asked, 'cursor': cursor})}"
    return Answer(Page(items, cursor), headers={"Link": f'<{target}>; rel="next"'})


def page_of(call: Call[None, PageQuery], rows: QuerySet[_Row], write: Callable[[_Row], _Item], *, by: str) -> Answer:
    """Return one part of rows that begin where the part before ended; they stand in the order of a column of theirs."""
    found = list(rows[: call.query.limit + 1])
    shown = found[: call.query.limit]
    after = str(getattr(shown[-1], by)) if len(found) > len(shown) else None
    return page_answer(call, [write(row) for row in shown], after=after)


def latest_first(call: Call[None, PageQuery], rows: QuerySet[_Row], write: Callable[[_Row], _Item]) -> Answer:
    """Return one part of rows, the latest first."""
    after = call.query.after_key
    return page_of(call, (rows if after is None else rows.filter(pk__lt=after)).order_by("-pk"), write, by="pk")
