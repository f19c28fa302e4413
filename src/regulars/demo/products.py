# SPDX-License-Identifier: Apache-2.0
"""What the two businesses sell: names as on the shelf, prices of 2026, and at which feasts a product is asked for."""

from dataclasses import dataclass, replace

# The quantities, in thousandths, that people take of a product, from the usual one up.
WEIGHT = (250, 500, 750, 1_000, 1_500, 2_000, 3_000)
PIECE = (1_000, 2_000, 3_000, 4_000, 6_000, 8_000, 12_000)
SINGLE = (1_000, 1_000, 1_000, 2_000, 2_000, 3_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One product: `price_minor` is per kilogram or piece, `ladder` the quantities it is taken in.

    `appeal` is its weight in a basket, `feast_factor` times as much at one of its `feasts`; a seasonal product is sold
    only then. `stores` empty means all.
    """

    sku: str
    name: str
    category: str
    price_minor: int
    ladder: tuple[int, ...]
    appeal: float
    stores: tuple[str, ...] = ()
    feasts: tuple[str, ...] = ()
    feast_factor: float = 4.0
    is_seasonal: bool = False


def _shelf(
    category: str, ladder: tuple[int, ...], *rows: tuple[str, str, int, float], stores: tuple[str, ...] = ()
) -> tuple[Product, ...]:
    """Return products of one category from rows of (code, name, price in major units, appeal)."""
    return tuple(
        Product(
            sku=sku, name=name, category=category, price_minor=price * 100, ladder=ladder, appeal=appeal, stores=stores
        )
        for sku, name, price, appeal in rows
    )


def _festive(product: Product, *feasts: str, factor: float = 4.0, is_seasonal: bool = False) -> Product:
    return replace(product, feasts=feasts, feast_factor=factor, is_seasonal=is_seasonal)


_FEASTS_OF_GIVING = ("diwali", "rakhi")

INDIAN_PRODUCTS = (
    *_shelf(
        "Mithai",
        WEIGHT,
        ("M04", "Gulab Jamun गुलाब जामुन", 480, 7.0),
        ("M05", "Rasgulla रसगुल्ला", 440, 4.0),
        ("M06", "Jalebi जलेबी", 460, 6.0),
        ("M07", "Mysore Pak मैसूर पाक", 680, 3.5),
        ("M09", "Kesar Peda केसर पेढा", 640, 4.0),
        ("M10", "Milk Cake मिल्क केक", 620, 2.5),
        ("M11", "Kalakand कलाकंद", 660, 2.0),
        ("M12", "Khajur Barfi, no sugar खजूर बर्फी", 980, 1.5),
    ),
    *(
        _festive(product, *_FEASTS_OF_GIVING)
        for product in _shelf(
            "Mithai",
            WEIGHT,
            ("M01", "Kaju Katli काजू कतली", 1_080, 7.0),
            ("M02", "Motichoor Laddu मोतीचूर लड्डू", 540, 6.0),
            ("M03", "Besan Laddu बेसन लड्डू", 580, 4.0),
            ("M08", "Soan Papdi सोन पापड़ी", 440, 2.5),
        )
    ),
    _festive(
        _shelf("Mithai", PIECE, ("M13", "Ukadiche Modak उकडीचे मोदक", 38, 9.0))[0],
        "ganesh",
        factor=3.0,
        is_seasonal=True,
    ),
    _festive(
        _shelf("Mithai", WEIGHT, ("M14", "Gujiya गुजिया", 620, 7.0))[0], "holi", "diwali", factor=2.0, is_seasonal=True
    ),
    _festive(
        _shelf("Mithai", WEIGHT, ("M15", "Til Laddu तीळ लाडू", 560, 7.0))[0], "sankranti", factor=2.0, is_seasonal=True
    ),
    *_shelf(
        "Namkeen",
        WEIGHT,
        ("N01", "Bhakarwadi भाकरवडी", 420, 5.0),
        ("N02", "Aloo Bhujia आलू भुजिया", 360, 4.5),
        ("N03", "Poha Chivda पोहे चिवडा", 340, 4.0),
        ("N04", "Masala Cashew मसाला काजू", 1_240, 1.5),
        ("N05", "Khakhra खाखरा", 380, 2.0),
    ),
    _festive(_shelf("Namkeen", WEIGHT, ("N06", "Chakli चकली", 460, 3.5))[0], "diwali", factor=5.0),
    *_shelf(
        "Hot snacks",
        PIECE,
        ("H01", "Samosa समोसा", 22, 9.0),
        ("H02", "Kachori कचौड़ी", 28, 5.0),
        ("H03", "Batata Vada बटाटा वडा", 24, 5.0),
        ("H04", "Dahi Chaat दही चाट", 80, 3.0),
    ),
    *_shelf(
        "Drinks",
        PIECE,
        ("D01", "Masala Chai मसाला चाय", 25, 8.0),
        ("D02", "Sweet Lassi लस्सी", 70, 3.5),
        ("D03", "Filter Coffee", 35, 3.0),
        ("D04", "Badam Milk बादाम दूध", 80, 2.0),
    ),
    *(
        _festive(product, *_FEASTS_OF_GIVING, "onam", factor=6.0)
        for product in _shelf(
            "Gift boxes",
            SINGLE,
            ("B01", "Assorted box, 500 g", 480, 2.0),
            ("B02", "Kaju box, 1 kg", 1_150, 0.8),
            ("B03", "Dry fruit box, 750 g", 1_350, 0.6),
        )
    ),
    *_shelf("Regional", PIECE, ("R01", "Puran Poli पुरणपोळी", 45, 5.0), stores=("pune", "mumbai")),
    *_shelf("Regional", WEIGHT, ("R02", "Shrikhand श्रीखंड", 420, 4.0), stores=("pune", "mumbai")),
    *_shelf(
        "Regional",
        WEIGHT,
        ("R03", "Putharekulu పూతరేకులు", 720, 5.0),
        ("R04", "Bobbatlu బొబ్బట్లు", 520, 4.0),
        stores=("hyderabad",),
    ),
    *_shelf("Regional", PIECE, ("R05", "Double ka Meetha డబుల్ కా మీఠా", 90, 4.0), stores=("hyderabad",)),
    *(
        _festive(product, "onam")
        for product in _shelf(
            "Regional",
            WEIGHT,
            ("R06", "Banana chips കായ വറുത്തത്", 480, 8.0),
            ("R07", "Sharkara varatti ശർക്കര വരട്ടി", 520, 4.0),
            stores=("kochi",),
        )
    ),
    *_shelf(
        "Regional",
        PIECE,
        ("R08", "Unniyappam ഉണ്ണിയപ്പം", 12, 6.0),
        ("R09", "Pazham pori പഴംപൊരി", 20, 7.0),
        stores=("kochi",),
    ),
    _festive(
        _shelf("Regional", SINGLE, ("R10", "Plum cake പ്ലം കേക്ക്", 420, 6.0), stores=("kochi", "mumbai"))[0],
        "christmas",
        factor=3.0,
        is_seasonal=True,
    ),
)

ARMENIAN_PRODUCTS = (
    *_shelf(
        "Հաց",
        PIECE,
        ("101", "Լավաշ", 350, 9.0),
        ("102", "Մատնաքաշ", 320, 10.0),
        ("103", "Թթխմորով հաց", 950, 6.0),
        ("104", "Տարեկանի հաց", 780, 3.0),
        ("105", "Բագետ", 420, 4.0),
        ("106", "Թոնրի հաց", 400, 6.0),
    ),
    *_shelf(
        "Թխվածք",
        PIECE,
        ("201", "Կրուասան", 650, 6.0),
        ("202", "Փախլավա", 850, 3.0),
        ("203", "Դարչինով բուլկի", 550, 4.0),
        ("204", "Ծիրանով կարկանդակ", 700, 4.0),
        ("205", "Մեղրով թխվածքաբլիթ", 380, 3.0),
    ),
    *(
        _festive(product, "new year", "christmas", factor=5.0)
        for product in _shelf(
            "Թխվածք",
            PIECE,
            ("206", "Գաթա", 900, 5.0),
            ("207", "Նազուկ", 600, 4.0),
            ("208", "Ընկույզով սուջուխ", 1_600, 1.0),
        )
    ),
    _festive(_shelf("Թխվածք", PIECE, ("209", "Զատկի չորեկ", 750, 9.0))[0], "easter", factor=2.0, is_seasonal=True),
    _festive(
        _shelf("Թխվածք", PIECE, ("210", "Վարդավառի վարդաթխվածք", 800, 7.0))[0], "vardavar", factor=2.0, is_seasonal=True
    ),
    *_shelf(
        "Աղի խմորեղեն",
        PIECE,
        ("301", "Պանրով խաչապուրի", 900, 5.0),
        ("302", "Կանաչիով ժենգյալով հաց", 1_000, 5.0),
        ("303", "Լահմաջո", 800, 4.0),
        ("304", "Կարտոֆիլով կարկանդակ", 450, 4.0),
    ),
    *(
        _festive(product, "new year", "women's month", "first bell", factor=3.0)
        for product in _shelf(
            "Տորթ",
            SINGLE,
            ("401", "Միկադո", 6_500, 0.8),
            ("402", "Մեղրով տորթ", 6_800, 0.9),
            ("403", "Նապոլեոն", 6_200, 0.8),
        )
    ),
    *_shelf("Տորթ", PIECE, ("404", "Տորթի կտոր", 1_200, 3.0)),
    *_shelf(
        "Խմիչք",
        PIECE,
        ("501", "Հայկական սուրճ", 600, 6.0),
        ("502", "Կապուչինո", 1_000, 5.0),
        ("503", "Թան", 400, 2.5),
        ("504", "Ուրցով թեյ", 700, 2.0),
    ),
)
