# SPDX-License-Identifier: Apache-2.0
"""Which business a command is about: the only one, or the one that is named; and which of its stores."""

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.kernel.text import fold
from regulars.tenancy.models import Business, Store

NONE_YET = "none; make one with: regulars createbusiness NAME --country CC"


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


class NameTaken(RegularsError):
    """A command could not tell two businesses of one name apart."""

    code = "name_taken"
    status = 409
    text = gettext_noop("There is a business “%(business)s” already, with the key %(key)s. Choose another name.")


class NoSuchStore(RegularsError):
    """No store of the business has this code."""

    code = "no_such_store"
    status = 404
    text = gettext_noop("There is no store “%(store)s”. There are: %(stores)s.")


def the_business(name: str | None) -> Business:
    """Return the business with a name or key, or the only one there is. Raises NoSuchBusiness, BusinessNeeded."""
    businesses = list(Business.objects.order_by("created_at"))
    names = ", ".join(label for label, _ in labelled(businesses)) or NONE_YET
    if name is None:
        if len(businesses) != 1:
            raise BusinessNeeded(businesses=names)
        return businesses[0]
    found = [business for business in businesses if _is_name(business, name) or _is_key(business.pk, name)]
    if not found:
        raise NoSuchBusiness(business=name, businesses=names)
    if len(found) > 1:
        raise BusinessNeeded(businesses=", ".join(f"{business.name} ({business.pk})" for business in found))
    return found[0]


def labelled(businesses: Iterable[Business]) -> list[tuple[str, Business]]:
    """Return businesses by what tells them apart: the name, with the key where several have it."""
    shops = list(businesses)
    uses = Counter(fold(shop.name) for shop in shops)
    return [(shop.name if uses[fold(shop.name)] == 1 else f"{shop.name} ({shop.pk})", shop) for shop in shops]


def check_name_free(name: str) -> None:
    """Raise NameTaken if a business has this name."""
    for business in Business.objects.all():
        if _is_name(business, name):
            raise NameTaken(business=business.name, key=business.pk)


def _is_name(business: Business, text: str) -> bool:
    return fold(business.name) == fold(text)


def _is_key(key: UUID, text: str) -> bool:
    return text.replace("-", "").lower() == key.hex


def check_store(business: Business, code: str) -> str:
    """Return the code of a store of the business. Raises NoSuchStore."""
    codes = list(Store.objects.of(business).order_by("code").values_list("code", flat=True))
    if code not in codes:
        raise NoSuchStore(store=code, stores=", ".join(codes))
    return code
