# SPDX-License-Identifier: Apache-2.0
"""Why the path refuses an intake. Every refusal leaves everything as it was."""

from collections.abc import Mapping
from typing import ClassVar

from regulars.conditions.fact_fields import KINDS
from regulars.kernel.errors import RegularsError, gettext_noop

SOURCES = {"staff": gettext_noop("the pages of the staff")}
"""Sources that are ours and not a name that somebody gave."""


class KeyReused(RegularsError):
    """The name of an intake was used before for something else."""

    code = "key_reused"
    status = 409
    text = gettext_noop(
        "“%(external_id)s” of %(source)s was recorded before with other contents. Send the same contents, or a new id or revision."
    )
    words: ClassVar[Mapping[str, Mapping[str, str]]] = {"source": SOURCES}


class Superseded(RegularsError):
    """A later revision is recorded already."""

    code = "superseded"
    status = 409
    text = gettext_noop(
        "“%(external_id)s” of %(source)s was corrected meanwhile: revision %(revision)s is recorded. Send a higher one."
    )
    words: ClassVar[Mapping[str, Mapping[str, str]]] = {"source": SOURCES}


class UnknownStore(RegularsError):
    """The store code is not known."""

    code = "unknown_store"
    status = 422
    text = gettext_noop("There is no store “%(store)s”. Create it under Settings, or leave it out.")


class UnknownFact(RegularsError):
    """The purchase or intake that is named is not recorded."""

    code = "unknown_fact"
    status = 404
    text = gettext_noop("There is no “%(external_id)s” of %(source)s. Send it first, or check the id.")
    words: ClassVar[Mapping[str, Mapping[str, str]]] = {"source": SOURCES}


class WrongKind(RegularsError):
    """What is named is something else."""

    code = "wrong_kind"
    status = 409
    text = gettext_noop("“%(external_id)s” is %(kind)s; this cannot be done with it.")
    words: ClassVar = {"kind": KINDS}


class UnknownLine(RegularsError):
    """The purchase has no such line."""

    code = "unknown_line"
    status = 422
    text = gettext_noop(
        "The purchase has no line %(line)s. Name a line by its position from 1, or by its product code."
    )


class ReturnedTooMuch(RegularsError):
    """More would come back than is left of the line."""

    code = "returned_too_much"
    status = 409
    text = gettext_noop("Of “%(line)s” only %(left)s can still come back, not %(quantity)s.")


class NothingLeft(RegularsError):
    """Everything has come back before."""

    code = "nothing_left"
    status = 409
    text = gettext_noop("Everything of this purchase has come back already.")


class ReceiptTaken(RegularsError):
    """The purchase is somebody's already."""

    code = "receipt_taken"
    status = 409
    text = gettext_noop("The receipt “%(external_id)s” belongs to a customer already; it counts once.")


class ReceiptTooOld(RegularsError):
    """The time in which a receipt can be added is over."""

    code = "receipt_too_old"
    status = 409
    text = gettext_noop("A receipt can be added for %(days)s days; “%(external_id)s” is of %(day)s.")


class CustomerNeeded(RegularsError):
    """The intake moves points and names nobody."""

    code = "customer_needed"
    status = 422
    text = gettext_noop("Say who it is: a phone number, card, e-mail or id of the customer.")


class NotAMember(RegularsError):
    """Only members hold points."""

    code = "not_a_member"
    status = 409
    text = gettext_noop("This customer is not a member of the program yet. Enrol the customer first.")


class NoProgram(RegularsError):
    """No program is published for that time."""

    code = "no_program"
    status = 409
    text = gettext_noop("No program is in force on %(day)s. Publish one that begins by then.")


class UnknownHold(RegularsError):
    """There is no such hold."""

    code = "unknown_hold"
    status = 404
    text = gettext_noop("There is no hold %(hold)s.")


class AlreadyCancelled(RegularsError):
    """It was taken back before."""

    code = "already_cancelled"
    status = 409
    text = gettext_noop("“%(external_id)s” was cancelled before.")


class NothingToAdjust(RegularsError):
    """An adjustment of zero."""

    code = "nothing_to_adjust"
    status = 422
    text = gettext_noop("Say how many points to give, or to take with a minus sign.")


class SameMember(RegularsError):
    """A transfer to oneself."""

    code = "same_member"
    status = 422
    text = gettext_noop("Points can be moved only to another member.")


class SameCustomer(RegularsError):
    """A merge of somebody with themselves."""

    code = "same_customer"
    status = 422
    text = gettext_noop("Both are the same customer. Choose another one to merge with.")


class HasMerged(RegularsError):
    """Others were merged into somebody who would be merged."""

    code = "has_merged"
    status = 409
    text = gettext_noop(
        "Another customer was merged into %(customer)s before. Merge the other way round, or undo that merge first."
    )


class SurvivorNotMember(RegularsError):
    """A member would be merged into somebody who is none."""

    code = "survivor_not_a_member"
    status = 409
    text = gettext_noop(
        "%(merged)s is a member of the program and %(customer)s is not. Merge the other way round, or enrol %(customer)s first."
    )


class TimeInFuture(RegularsError):
    """The intake has not happened yet."""

    code = "time_in_future"
    status = 422
    text = gettext_noop("%(occurred_at)s has not come yet. Send the time when it happened, with its zone.")


class TimeTooEarly(RegularsError):
    """The intake happened before there was anything to record."""

    code = "time_too_early"
    status = 422
    text = gettext_noop("%(occurred_at)s is too long ago: the earliest is %(earliest)s. Check the year.")


class TimeWithoutZone(RegularsError):
    """The moment could be several."""

    code = "time_without_zone"
    status = 422
    text = gettext_noop("%(occurred_at)s says no time zone. Add one, like +05:30 or Z.")
