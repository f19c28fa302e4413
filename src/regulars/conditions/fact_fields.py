# SPDX-License-Identifier: Apache-2.0
"""The fields of a fact in evaluation: the fact, its order and lines, its event, the customer as known at the time."""

from datetime import date, datetime, time

from regulars.conditions.fields import Clause, Field, FieldType, Frame, Operator, Registry, Scope
from regulars.conditions.values import WEEKDAYS
from regulars.conditions.wording import COUNT, COUNT_WHERE, LINE_COUNT, ngettext_lazy
from regulars.kernel.errors import gettext_noop

KINDS = {
    "order": gettext_noop("a purchase"),
    "return": gettext_noop("a return"),
    "visit": gettext_noop("a visit"),
    "event": gettext_noop("an event"),
    "enrolment": gettext_noop("an enrolment"),
    "hold": gettext_noop("a hold of points"),
    "settle": gettext_noop("a hold that is settled"),
    "void": gettext_noop("a hold that is voided"),
    "redemption": gettext_noop("a reward taken"),
    "use": gettext_noop("a reward used"),
    "cancel": gettext_noop("a cancellation"),
    "adjustment": gettext_noop("an adjustment"),
    "transfer": gettext_noop("a transfer"),
    "activation": gettext_noop("pending points becoming usable"),
    "claim": gettext_noop("a receipt added"),
    "closing": gettext_noop("the end of the day"),
    "merge": gettext_noop("two customers made one"),
    "unmerge": gettext_noop("a merge undone"),
}

ITEMS = ngettext_lazy("{count} item", "{count} items")
EARLIER_ORDERS = ngettext_lazy("{count} earlier order", "{count} earlier orders")

_FIRST_ORDER = Clause(
    gettext_noop("this is the customer's first order"), gettext_noop("this is not the customer's first order")
)

_FACT = (
    Field(
        name="fact.kind",
        type=FieldType.CHOICE,
        label=gettext_noop("the occasion"),
        choices=KINDS,
        clauses={Frame.IS: Clause(gettext_noop("it is {value}"), gettext_noop("it is not {value}"))},
    ),
    Field(name="fact.source", type=FieldType.CHOICE, label=gettext_noop("the channel")),
    Field(name="fact.store", type=FieldType.CHOICE, label=gettext_noop("the store")),
    Field(name="fact.date", type=FieldType.DATE, label=gettext_noop("the date")),
    Field(name="fact.weekday", type=FieldType.WEEKDAY, label=gettext_noop("the day")),
    Field(name="fact.time", type=FieldType.TIME, label=gettext_noop("the time")),
)

_ORDER = (
    Field(
        name="order.total_minor",
        type=FieldType.MONEY,
        label=gettext_noop("the order total"),
        clauses={Frame.IS: Clause(gettext_noop("the order is {value}"), gettext_noop("the order is not {value}"))},
    ),
    Field(name="order.currency", type=FieldType.CHOICE, label=gettext_noop("the currency of the order")),
    Field(
        name="order.line_count",
        type=FieldType.NUMBER,
        label=gettext_noop("the number of lines"),
        unit=LINE_COUNT,
        clauses={Frame.IS: COUNT},
    ),
    Field(
        name="order.quantity_milli",
        type=FieldType.QUANTITY,
        label=gettext_noop("the number of items"),
        unit=ITEMS,
        clauses={Frame.IS: COUNT},
    ),
)

_EVENT = (
    Field(name="event.name", type=FieldType.TEXT, label=gettext_noop("the event")),
    Field(name="event.properties.*", type=FieldType.PROPERTY, label=gettext_noop("“{key}” of the event")),
)

_CUSTOMER = (
    Field(
        name="customer.is_member",
        type=FieldType.BOOLEAN,
        label=gettext_noop("the membership"),
        wordings={
            (Operator.IS, True): Clause(
                gettext_noop("the customer is a member"), gettext_noop("the customer is not a member")
            ),
            (Operator.IS, False): Clause(
                gettext_noop("the customer is not a member"), gettext_noop("the customer is a member")
            ),
        },
    ),
    Field(name="customer.tier", type=FieldType.CHOICE, label=gettext_noop("the customer's tier")),
    Field(name="customer.language", type=FieldType.CHOICE, label=gettext_noop("the customer's language")),
    Field(
        name="customer.tags",
        type=FieldType.TAGS,
        label=gettext_noop("the customer's tags"),
        clauses={
            Frame.HAS: Clause(
                gettext_noop("the customer has the tag {value}"),
                gettext_noop("the customer does not have the tag {value}"),
            ),
            Frame.IS_SET: Clause(gettext_noop("the customer has a tag"), gettext_noop("the customer has no tag")),
        },
    ),
    Field(
        name="customer.order_count_before",
        type=FieldType.NUMBER,
        label=gettext_noop("the number of earlier orders"),
        unit=EARLIER_ORDERS,
        clauses={
            Frame.IS: Clause(
                gettext_noop("the customer has {value}"), gettext_noop("the customer does not have {value}")
            )
        },
        wordings={
            (Operator.IS, 0): _FIRST_ORDER,
            (Operator.AT_LEAST, 1): Clause(*reversed(_FIRST_ORDER)),
            (Operator.MORE_THAN, 0): Clause(*reversed(_FIRST_ORDER)),
        },
    ),
    Field(
        name="customer.is_birthday_month",
        type=FieldType.BOOLEAN,
        label=gettext_noop("the month of the customer's birthday"),
        wordings={
            (Operator.IS, True): Clause(
                gettext_noop("it is the month of the customer's birthday"),
                gettext_noop("it is not the month of the customer's birthday"),
            ),
            (Operator.IS, False): Clause(
                gettext_noop("it is not the month of the customer's birthday"),
                gettext_noop("it is the month of the customer's birthday"),
            ),
        },
    ),
)

_LINE = (
    Field(name="line.sku", type=FieldType.TEXT, label=gettext_noop("the product"), scope=Scope.LINE),
    Field(name="line.category", type=FieldType.CHOICE, label=gettext_noop("the category"), scope=Scope.LINE),
    Field(
        name="line.net_minor",
        type=FieldType.MONEY,
        label=gettext_noop("the amount paid"),
        scope=Scope.LINE,
        clauses={
            Frame.TOTAL: Clause(
                gettext_noop("the items come to {value}"), gettext_noop("the items do not come to {value}")
            ),
            Frame.TOTAL_WHERE: Clause(
                gettext_noop("the items where {condition} come to {value}"),
                gettext_noop("the items where {condition} do not come to {value}"),
            ),
        },
    ),
    Field(
        name="line.quantity_milli",
        type=FieldType.QUANTITY,
        label=gettext_noop("the quantity"),
        scope=Scope.LINE,
        unit=ITEMS,
        clauses={
            Frame.TOTAL: COUNT,
            Frame.TOTAL_WHERE: COUNT_WHERE,
        },
    ),
    Field(name="line.unit_price_minor", type=FieldType.MONEY, label=gettext_noop("the price of one"), scope=Scope.LINE),
    Field(name="line.discount_minor", type=FieldType.MONEY, label=gettext_noop("the discount"), scope=Scope.LINE),
)

FACT_FIELDS = (*_FACT, *_ORDER, *_EVENT, *_CUSTOMER, *_LINE)
FACT_REGISTRY = Registry(FACT_FIELDS)


def when(local: datetime) -> dict[str, date | time | str]:
    """Return the values of the fields of time, from the moment of the fact in the zone of its store."""
    return {
        "fact.date": local.date(),
        "fact.time": local.time(),
        "fact.weekday": WEEKDAYS[local.weekday()],
    }


def bought(
    *, sku: str, category: str | None, net_minor: int, quantity_milli: int, discount_minor: int = 0
) -> dict[str, str | int | None]:
    """Return the values of the fields of a line; one sold without a quantity is its own price."""
    return {
        "line.sku": sku,
        "line.category": category,
        "line.net_minor": net_minor,
        "line.quantity_milli": quantity_milli,
        "line.unit_price_minor": net_minor * 1000 // quantity_milli if quantity_milli else net_minor,
        "line.discount_minor": discount_minor,
    }
