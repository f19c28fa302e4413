# SPDX-License-Identifier: Apache-2.0
"""Why a reward cannot be had or used, in words a cashier can read out."""

from typing import ClassVar

from regulars.kernel.errors import RegularsError, gettext_noop


class NotRedeemable(RegularsError):
    """A reward cannot be had, or used, now."""

    code = "not_redeemable"
    status = 409
    text = gettext_noop("This reward cannot be had now.")


class UnknownOffer(NotRedeemable):
    code = "unknown_offer"
    status = 404
    text = gettext_noop("There is no reward “%(offer)s”.")


class OfferPaused(NotRedeemable):
    code = "offer_paused"
    text = gettext_noop("The reward “%(offer)s” is not offered at the moment.")


class OutOfStock(NotRedeemable):
    code = "out_of_stock"
    text = gettext_noop("All %(stock)s pieces of “%(offer)s” are taken.")


class MemberLimitReached(NotRedeemable):
    code = "member_limit_reached"
    text = gettext_noop("One member can have “%(offer)s” %(max)s times; this one has.")


class TierTooLow(NotRedeemable):
    code = "tier_too_low"
    text = gettext_noop("“%(offer)s” is for %(tiers)s.")


class UnknownCode(NotRedeemable):
    """The same answer whether a code never was or belongs elsewhere, so that guessing teaches nothing."""

    code = "unknown_code"
    status = 404
    text = gettext_noop("This code is not valid.")


class AlreadyUsed(NotRedeemable):
    code = "already_used"
    text = gettext_noop("This reward is %(state)s; it can be used only once.")
    words: ClassVar = {
        "state": {
            "reserved": gettext_noop("reserved"),
            "issued": gettext_noop("issued"),
            "redeemed": gettext_noop("redeemed"),
            "cancelled": gettext_noop("cancelled"),
            "expired": gettext_noop("expired"),
        }
    }


class OutOfTime(NotRedeemable):
    code = "out_of_time"
    text = gettext_noop("This reward was valid until %(expires_at)s.")


class NotRefundable(NotRedeemable):
    code = "not_refundable"
    text = gettext_noop("Points for “%(offer)s” are not given back.")
