# SPDX-License-Identifier: Apache-2.0
"""Sample data for the style guide: every component in every state, with names and figures of a made-up shop."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from django import forms
from django.utils.translation import gettext_lazy as _

from regulars.kernel.clock import add_months
from regulars.ui import format as write
from regulars.ui.charts import (
    Bar,
    BarFigure,
    Cell,
    HeatFigure,
    HeatRow,
    HeatWords,
    LineFigure,
    Series,
    Sparkline,
    bar_chart,
    heatmap,
    line_chart,
    sparkline,
)
from regulars.ui.icons import ICON_NAMES
from regulars.ui.shell import Choice, NavigationEntry

NOW = datetime(2026, 9, 14, 11, 20, tzinfo=UTC)
RETURNING = (310, 345, 366, 369, 370, 384, 418, 457, 481, 488, 488, 502)
LAST_YEAR = (241, 260, 288, 291, 287, 305, 331, 340, 352, 361, 377, 390)
COHORTS = (
    (180, (68, 55, 44, 35, 28, 23, 18, 15)),
    (187, (70, 56, 45, 36, 29, 23, 19)),
    (194, (71, 57, 46, 37, 30, 24)),
    (201, (73, 59, 47, 38, 30)),
    (208, (75, 60, 48, 39)),
    (215, (76, 61, 49)),
    (222, (78, 62)),
    (229, (79,)),
)
SAMPLES = {
    "en": (
        "Regulars come back more often than last year",
        "Lakshmi Venkataraman",
        "Filter coffee, and a story about the monsoon",
    ),
    "hi": ("नियमित ग्राहक पिछले साल से ज़्यादा बार लौट रहे हैं", "लक्ष्मी वेंकटरमन", "क्षमा करें, इस महीने द्वितीय उपहार उपलब्ध नहीं है"),
    "mr": ("नियमित ग्राहक गेल्या वर्षीपेक्षा अधिक वेळा परत येत आहेत", "लक्ष्मी व्यंकटरामन", "तुमच्या खात्यात पुढील खरेदीसाठी गुण जमा झाले"),
    "te": (
        "క్రమం తప్పని కస్టమర్లు గత సంవత్సరం కంటే ఎక్కువసార్లు తిరిగి వస్తున్నారు",
        "వెంకట సుబ్రహ్మణ్య శాస్త్రి",
        "స్త్రీల దుస్తుల విభాగంలో తదుపరి బిల్లుపై తగ్గింపు",
    ),
    "ml": ("സ്ഥിരം ഉപഭോക്താക്കൾ കഴിഞ്ഞ വർഷത്തേക്കാൾ കൂടുതൽ തവണ മടങ്ങിവരുന്നു", "ലക്ഷ്മി വെങ്കട്ടരാമൻ", "അടുത്ത ബില്ലിൽ ഇളവ്, ക്ഷണക്കത്ത് കൂടെ"),
    "hy": (
        "Մշտական հաճախորդները վերադառնում են ավելի հաճախ, քան անցյալ տարի",
        "Անահիտ Հովհաննիսյան",
        "Հաջորդ գնման զեղչ և երեք սուրճ նվեր",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleBusiness:
    """A shop that exists only in the style guide."""

    name: str
    country: str
    currency: str


class SampleForm(forms.Form):
    """One field of each sort."""

    name = forms.CharField(label=_("Name"), max_length=80)
    phone = forms.CharField(label=_("Phone"), help_text=_("With the country code, or as it is dialled here."))
    amount = forms.DecimalField(label=_("Bill"), required=False)
    store = forms.ChoiceField(label=_("Store"), choices=[("1", _("Market Street")), ("2", _("Station"))])
    channel = forms.ChoiceField(
        label=_("Write to her by"), widget=forms.RadioSelect, choices=[("sms", _("SMS")), ("mail", _("E-mail"))]
    )
    is_member = forms.BooleanField(
        label=_("Joins the program"), required=False, help_text=_("She can leave at any time.")
    )
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 3}))


def _line(language: str) -> LineFigure:
    months = [write.month(add_months(date(2025, 10, 1), index), language, width="short") for index in range(12)]
    return line_chart(
        str(_("112 more people came back in September than a year before")),
        labels=months,
        series=[
            Series(name=str(_("Came back")), values=RETURNING),
            Series(name=str(_("A year before")), values=LAST_YEAR, is_before=True),
        ],
        write=lambda value: write.number(value, language=language),
        about=str(_("Customers with a second purchase in the month · purchases of all stores")),
    )


def _bars(language: str) -> BarFigure:
    return bar_chart(
        str(_("Coffee brings regulars back, cakes do not")),
        bars=[
            Bar(label=str(_("Filter coffee")), value=1284),
            Bar(label=str(_("Breakfast")), value=961),
            Bar(label=str(_("Cakes")), value=212),
            Bar(label=str(_("Everything else")), value=540, is_soft=True),
        ],
        write=lambda value: write.number(value, language=language),
        about=str(_("Second purchases within 30 days, by what was bought first")),
    )


def _cohorts(language: str) -> HeatFigure:
    rows = []
    for index, (size, shares) in enumerate(COHORTS):
        cells = [
            Cell(
                share=share / 100,
                text=write.percent(share, 100, language=language),
                is_open=column == len(shares) - 1,
            )
            for column, share in enumerate(shares)
        ]
        label = write.month(add_months(date(2026, 1, 1), index), language, width="short")
        rows.append(HeatRow(label=label, size=write.number(size, language=language), cells=cells))
    words = HeatWords(
        row=str(_("Joined")),
        size=str(_("Members")),
        about=str(_("Share of each month's new members who bought again, by months after joining")),
    )
    columns = [write.number(month, language=language) for month in range(1, 9)]
    return heatmap(str(_("Newer members stay longer")), columns=columns, rows=rows, words=words)


def _trend(language: str) -> Sparkline:
    low, high = write.number(min(RETURNING), language=language), write.number(max(RETURNING), language=language)
    return sparkline(RETURNING, text=str(_("Twelve months, from %(low)s to %(high)s")) % {"low": low, "high": high})


def _navigation() -> list[NavigationEntry]:
    return [
        NavigationEntry(label=str(_("Today")), url="#today", icon="today", is_current=True, is_in_bar=True),
        NavigationEntry(label=str(_("Customers")), url="#customers", icon="customers", is_in_bar=True),
        NavigationEntry(label=str(_("Till")), url="#till", icon="till", is_in_bar=True),
        NavigationEntry(label=str(_("Program")), url="#program", icon="program"),
        NavigationEntry(label=str(_("Engage")), url="#engage", icon="engage"),
        NavigationEntry(label=str(_("Listen")), url="#listen", icon="listen", is_in_bar=True, count=3),
        NavigationEntry(label=str(_("Insight")), url="#insight", icon="insight"),
        NavigationEntry(label=str(_("Settings")), url="#settings", icon="settings"),
    ]


def style_guide_context(language: str) -> dict[str, object]:
    """Return everything that `ui/style_guide.html` shows, in one language."""
    finding, person, remark = SAMPLES.get(language.partition("-")[0], SAMPLES["en"])
    business = SampleBusiness(
        name=str(_("Madras Coffee House")),
        country="AM" if language == "hy" else "IN",
        currency="AMD" if language == "hy" else "INR",
    )
    return {
        "business": business,
        "now": NOW,
        "navigation": _navigation(),
        "search_url": "#search",
        "staff_name": "Anjali",
        "stores": [
            Choice(label=str(_("All stores")), value="", is_current=True),
            Choice(label=str(_("Station")), value="2"),
        ],
        "store_url": "#store",
        "languages": [Choice(label="English", value="en", is_current=True), Choice(label="తెలుగు", value="te")],
        "language_url": "#language",
        "finding": finding,
        "person": person,
        "remark": remark,
        "samples": [(code, *texts) for code, texts in SAMPLES.items()],
        "amounts": [0, 5050, 125000, 10000000, 1234567800, -50000],
        "moment": datetime(2026, 9, 11, 8, 5, tzinfo=UTC),
        "day": date(2026, 9, 11),
        "line": _line(language),
        "bars": _bars(language),
        "cohorts": _cohorts(language),
        "trend": _trend(language),
        "form": SampleForm(initial={"name": person}),
        "failed_form": SampleForm({"name": "", "phone": "12", "is_member": "on"}),
        "tabs": [
            Choice(label=str(_("Everything")), url="#1", is_current=True),
            Choice(label=str(_("Bought")), url="#2", count=41),
            Choice(label=str(_("Points")), url="#3", count=12),
            Choice(label=str(_("Said")), url="#4"),
        ],
        "particulars": [
            (_("Phone"), "+91 98765 43210"),
            (_("Member since"), write.day(date(2023, 2, 3), language)),
            (_("Writes in"), "తెలుగు"),
        ],
        "icons": sorted(ICON_NAMES),
    }
