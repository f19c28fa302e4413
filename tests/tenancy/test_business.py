# SPDX-License-Identifier: Apache-2.0
import pytest

from regulars.kernel.errors import RegularsError
from regulars.tenancy import actions, places
from regulars.tenancy.actors import SYSTEM
from regulars.tenancy.models import AuditEntry, Business, Store
from tenancy.cast import NOW, a_business, a_store


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("country", "currency", "timezone", "languages"),
    [
        ("IN", "INR", "Asia/Kolkata", ["hi", "en"]),
        ("am", "AMD", "Asia/Yerevan", ["hy", "en"]),
        ("JP", "JPY", "Asia/Tokyo", ["en"]),
        ("GB", "GBP", "Europe/London", ["en"]),
    ],
)
def test_a_country_says_the_rest(country: str, currency: str, timezone: str, languages: list[str]) -> None:
    business = a_business(country=country)

    assert (business.currency, business.timezone, business.languages) == (currency, timezone, languages)


@pytest.mark.django_db
def test_what_is_said_counts() -> None:
    business = actions.create_business(
        "  Կոֆե\u200b  տուն ",
        country="AM",
        currency="usd",
        timezone="Europe/Paris",
        languages=["hy", "en", "hy"],
        now=NOW,
    )

    assert (business.name, business.currency, business.timezone) == ("Կոֆե տուն", "USD", "Europe/Paris")
    assert business.languages == ["hy", "en"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "error", "named"),
    [
        ({"country": "ZZ"}, places.UnknownCountry, "“ZZ”"),
        ({"country": "India"}, places.UnknownCountry, "“India”"),
        ({"currency": "QQQ"}, places.UnknownCurrency, "“QQQ”"),
        ({"currency": "DEM"}, places.UnknownCurrency, "“DEM”"),
        ({"timezone": "IST"}, places.UnknownTimezone, "Asia/Kolkata"),
        ({"country": "US"}, places.UnknownTimezone, "America/New_York, America/Detroit"),
        ({"country": "AQ", "timezone": "Antarctica/Troll"}, places.UnknownCurrency, "“AQ”"),
        ({"languages": ["en", "fr"]}, places.UnknownLanguage, "en, hi, mr, te, ml, hy"),
        ({"languages": []}, places.UnknownLanguage, "en, hi, mr, te, ml, hy"),
        ({"name": " \u200b "}, actions.BadName, "business"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(
    wrong: dict[str, object], error: type[RegularsError], named: str
) -> None:
    values = {"name": "Chai Corner", "country": "IN", **wrong}

    with pytest.raises(error) as caught:
        actions.create_business(values.pop("name"), now=NOW, **values)  # type: ignore[arg-type] # wrong on purpose

    assert named in caught.value.message
    assert not Business.objects.exists()


@pytest.mark.django_db
def test_creation_leaves_its_trace() -> None:
    business = a_business()

    created = AuditEntry.objects.of(business).get()
    assert (created.verb, created.after["currency"]) == ("business.created", "INR")


@pytest.mark.django_db
def test_a_store_has_the_zone_of_its_business() -> None:
    business = a_business()

    assert a_store(business).timezone == "Asia/Kolkata"
    assert actions.change_store(
        Store.objects.get(), name="Koregaon Park", is_active=False, actor=SYSTEM, now=NOW
    ).name == ("Koregaon Park")


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["", "two words", "x" * 41, "main", "a/b"])
def test_a_store_code_is_short_plain_and_unique(code: str) -> None:
    business = a_business()
    a_store(business, "main")

    with pytest.raises(actions.BadStoreCode):
        a_store(business, code)
    assert Store.objects.count() == 1


@pytest.mark.django_db
def test_two_businesses_may_have_the_same_store_code() -> None:
    for name in ("Chai Corner", "Dosa Point"):
        a_store(a_business(name), "main")

    assert Store.objects.count() == 2
