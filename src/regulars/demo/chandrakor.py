# SPDX-License-Identifier: Apache-2.0
"""Chandrakor Mithai: a sweet-shop chain with stores in Pune, Mumbai, Hyderabad and Kochi."""

from regulars.demo import names
from regulars.demo.feasts import INDIA
from regulars.demo.people import Crowd, Neighbourhood
from regulars.demo.products import INDIAN_PRODUCTS
from regulars.demo.program import program_document
from regulars.demo.shops import Clerk, Habits, Outlet, Reward, Shop, Tier

_HOURS = (4, 7, 10, 9, 5, 4, 5, 8, 11, 13, 11, 7)
_WEEKDAYS = (0.85, 0.9, 0.9, 0.9, 1.0, 1.25, 1.35)
_SPEND_MINOR = 2_000

_RULES = {
    "spend": {
        "en": "1 point for every ₹20",
        "hi": "हर ₹20 पर 1 अंक",
        "mr": "दर ₹20 ला 1 गुण",
        "te": "ప్రతి ₹20కి 1 పాయింట్",
        "ml": "ഓരോ ₹20-നും 1 പോയിന്റ്",
    },
    "double-day": {
        "en": "Namkeen Tuesday: double points",
        "hi": "नमकीन मंगलवार: दुगुने अंक",
        "mr": "नमकीन मंगळवार: दुप्पट गुण",
        "te": "నమ్కీన్ మంగళవారం: రెట్టింపు పాయింట్లు",
        "ml": "നംകീൻ ചൊവ്വ: ഇരട്ടി പോയിന്റ്",
    },
    "visit": {
        "en": "2 points for a visit, once a day",
        "hi": "हर दिन एक बार आने पर 2 अंक",
        "mr": "दिवसातून एकदा भेटीला 2 गुण",
        "te": "రోజుకు ఒకసారి సందర్శనకు 2 పాయింట్లు",
        "ml": "ദിവസം ഒരു തവണ സന്ദർശനത്തിന് 2 പോയിന്റ്",
    },
    "welcome": {
        "en": "Welcome: 20 points with the first purchase",
        "hi": "स्वागत: पहली ख़रीद पर 20 अंक",
        "mr": "स्वागत: पहिल्या खरेदीवर 20 गुण",
        "te": "స్వాగతం: మొదటి కొనుగోలుపై 20 పాయింట్లు",
        "ml": "സ്വാഗതം: ആദ്യ വാങ്ങലിന് 20 പോയിന്റ്",
    },
    "birthday": {
        "en": "30 points in the month of your birthday",
        "hi": "जन्मदिन के महीने में 30 अंक",
        "mr": "वाढदिवसाच्या महिन्यात 30 गुण",
        "te": "పుట్టినరోజు నెలలో 30 పాయింట్లు",
        "ml": "പിറന്നാൾ മാസത്തിൽ 30 പോയിന്റ്",
    },
}
_TIERS = (
    Tier(
        code="member",
        at_least=0,
        times_milli=1_000,
        name={"en": "Member", "hi": "सदस्य", "mr": "सदस्य", "te": "సభ్యులు", "ml": "അംഗം"},
    ),
    Tier(
        code="silver",
        at_least=300,
        times_milli=1_250,
        name={"en": "Silver", "hi": "चाँदी", "mr": "चांदी", "te": "వెండి", "ml": "വെള്ളി"},
    ),
    Tier(
        code="gold",
        at_least=900,
        times_milli=1_500,
        name={"en": "Gold", "hi": "सोना", "mr": "सोने", "te": "బంగారం", "ml": "സ്വർണം"},
    ),
)
_REWARDS = (
    Reward(
        code="chai",
        price=40,
        kind="free_item",
        value={"sku": "D01"},
        name={
            "en": "A cup of masala chai",
            "hi": "एक कप मसाला चाय",
            "mr": "एक कप मसाला चहा",
            "te": "ఒక కప్పు మసాలా చాయ్",
            "ml": "ഒരു കപ്പ് മസാല ചായ",
        },
    ),
    Reward(
        code="100-off",
        price=100,
        kind="amount_off",
        value={"amount_minor": 10_000},
        name={"en": "₹100 off", "hi": "₹100 की छूट", "mr": "₹100 सूट", "te": "₹100 తగ్గింపు", "ml": "₹100 കിഴിവ്"},
    ),
    Reward(
        code="10-percent",
        price=150,
        kind="percent_off",
        value={"percent": 10, "max_minor": 30_000},
        name={
            "en": "10% off one purchase, up to ₹300",
            "hi": "एक ख़रीद पर 10% छूट, अधिकतम ₹300",
            "mr": "एका खरेदीवर 10% सूट, कमाल ₹300",
            "te": "ఒక కొనుగోలుపై 10% తగ్గింపు, గరిష్ఠంగా ₹300",
            "ml": "ഒരു വാങ്ങലിന് 10% കിഴിവ്, പരമാവധി ₹300",
        },
    ),
    Reward(
        code="badam-milk",
        price=60,
        kind="free_item",
        value={"sku": "D04"},
        tier="silver",
        name={
            "en": "A glass of badam milk",
            "hi": "एक गिलास बादाम दूध",
            "mr": "एक ग्लास बदाम दूध",
            "te": "ఒక గ్లాసు బాదం పాలు",
            "ml": "ഒരു ഗ്ലാസ് ബദാം പാൽ",
        },
    ),
    Reward(
        code="sweet-box",
        price=400,
        kind="free_item",
        value={"sku": "B01"},
        name={
            "en": "An assorted box of sweets, 500 g",
            "hi": "मिली-जुली मिठाई का डिब्बा, 500 ग्राम",
            "mr": "मिश्र मिठाईचा डबा, 500 ग्रॅम",
            "te": "రకరకాల మిఠాయిల పెట్టె, 500 గ్రా",
            "ml": "പലതരം മധുരപ്പെട്ടി, 500 ഗ്രാം",
        },
    ),
    Reward(
        code="no-queue",
        price=200,
        kind="perk",
        value={},
        tier="gold",
        per_member_max=2,
        name={
            "en": "Festival order ready without queueing",
            "hi": "त्योहार का ऑर्डर बिना कतार के तैयार",
            "mr": "सणाची ऑर्डर रांगेशिवाय तयार",
            "te": "పండుగ ఆర్డర్ వరుసలో నిలబడకుండా సిద్ధం",
            "ml": "ഉത്സവ ഓർഡർ ക്യൂ നിൽക്കാതെ തയ്യാർ",
        },
    ),
)


def _outlet(code: str, name: str, trade: float) -> Outlet:
    return Outlet(code=code, name=name, opens=9, hours=_HOURS, weekdays=_WEEKDAYS, trade=trade)


CHANDRAKOR = Shop(
    key="chandrakor",
    name="Chandrakor Mithai",
    country="IN",
    currency="INR",
    timezone="Asia/Kolkata",
    languages=("en", "hi", "mr", "te", "ml"),
    outlets=(
        _outlet("pune", "Pune, Deccan", 1.2),
        _outlet("mumbai", "Mumbai, Dadar", 1.4),
        _outlet("hyderabad", "Hyderabad, Himayatnagar", 1.0),
        _outlet("kochi", "Kochi, Ernakulam", 0.8),
    ),
    clerks=(
        Clerk(role="owner", name="Madhura Apte", email="owner@chandrakor.example", language="en"),
        Clerk(role="cashier", name="केदार निकम", email="pune@chandrakor.example", language="mr", store="pune"),
    ),
    crowd=Crowd(
        size=2_300,
        neighbourhoods=(
            Neighbourhood(
                store="pune", weight=1.2, names=((names.MARATHI, 6), (names.HINDI, 3), (names.INDIAN_LATIN, 1))
            ),
            Neighbourhood(
                store="mumbai", weight=1.4, names=((names.MARATHI, 4), (names.HINDI, 4), (names.INDIAN_LATIN, 2))
            ),
            Neighbourhood(
                store="hyderabad", weight=1.0, names=((names.TELUGU, 7), (names.HINDI, 2), (names.INDIAN_LATIN, 1))
            ),
            Neighbourhood(store="kochi", weight=0.8, names=((names.MALAYALAM, 8), (names.INDIAN_LATIN, 2))),
        ),
        phone_starts=("+9150062", "+9150270", "+9150381", "+9150481", "+9150590"),
        phone_digits=5,
        card_start="CM",
    ),
    habits=Habits(rate_shape=0.6, rate_mean=0.044, drop_a=0.55, drop_b=2.1, lines_mean=3.0, founders_share=0.33),
    products=INDIAN_PRODUCTS,
    feasts=INDIA,
    spend_minor=_SPEND_MINOR,
    tiers=_TIERS,
    rewards=_REWARDS,
    program=program_document(
        unit={
            "code": "points",
            "name": {"en": "points", "hi": "अंक", "mr": "गुण", "te": "పాయింట్లు", "ml": "പോയിന്റ്"},
            "expiry": {"kind": "after", "months": 12},
        },
        spend_minor=_SPEND_MINOR,
        doubled=("Namkeen", "tue"),
        names=_RULES,
        tiers=_TIERS,
    ),
)
