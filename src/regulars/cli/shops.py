# SPDX-License-Identifier: Apache-2.0
"""Which business a command is about: the only one, or the one that is named; and which of its stores."""

from uuid import UUID

from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.tenancy.models import Business, Store


class NoSuchBusiness(RegularsError):
    """No business has this name."""

    code = "no_such_business"
    status = 404
    text = gettext_noop("There is no business “%(business)s”. There are: %(businesses)s.")


class BusinessNeeded(RegularsError):
    """There are several businesses, or none."""

    code = "business_needed"
    status = 422
    text = gettext_noop("Say which business with --business. There are: %(businesses)s.")


class NoSuchStore(RegularsError):
    """No store of the business has this code."""

    code = "no_such_store"
    status = 404
    text = gettext_noop("There is no store “%(store)s”. There are: %(stores)s.")


def the_business(name: str | None) -> Business:
    """Return the business with a name or key, or the only one there is. Raises NoSuchBusiness, BusinessNeeded."""
    businesses = list(Business.objects.order_by("created_at"))
    names = (
        ", ".join(business.name for business in businesses)
        or "none; make one with: regulars createbusiness NAME --country CC"
    )
    if name is None:
        if len(businesses) != 1:
            raise BusinessNeeded(businesses=names)
        return businesses[0]
    found = [business for business in businesses if business.name == name or _is_key(business.pk, name)]
    if not found:
        raise NoSuchBusiness(business=name, businesses=names)
    return found[0]


def _is_key(key: UUID, text: str) -> bool:
    return text.replace("-", "").lower() == key.hex


def check_store(business: Business, code: str) -> str:
    """Return the code of a store of the business. Raises NoSuchStore."""
    codes = list(Store.objects.of(business).order_by("code").values_list("code", flat=True))
    if code not in codes:
        raise NoSuchStore(store=code, stores=", ".join(codes))
    return code
