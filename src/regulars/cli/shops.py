# SPDX-License-Identifier: Apache-2.0
"""Which business a command is about: the only one, or the one that is named."""

from uuid import UUID

from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.tenancy.models import Business


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
