# SPDX-License-Identifier: Apache-2.0
"""A retention report as a sentence, figures with their comparison, a heatmap and a line. Pure but for the language."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext

from regulars.analytics.catalogue import METRICS, Unit
from regulars.analytics.metrics import MetricValue
from regulars.analytics.report import RetentionReport
from regulars.kernel.money import round_half_up_div
from regulars.programs.words import Words
from regulars.ui import format as write
from regulars.ui.charts import (
    Cell,
    HeatFigure,
    HeatRow,
    HeatWords,
    LineFigure,
    Series,
    heatmap,
    line_chart,
)

FEW_CUSTOMERS = 30
COHORTS_SHOWN = 24
MONTHS_SHOWN = 36
COLUMNS_MIN = 3
FEWER_IS_BETTER = frozenset({"churn_rate", "days_between_purchases_median"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat:
    """One figure of the page with its formula."""

    key: str
    label: str
    value: str
    note: str
    trend: str
    formula: str
    caveats: Sequence[str]
    source: str
    fraction: str
    period: str

    @property
    def anchor(self) -> str:
        """Return where the page explains the figure."""
        return f"#{self.key}"


def _metrics(report: RetentionReport) -> dict[str, MetricValue]:
    return {value.key: value for value in report.metrics}


def finding_of(report: RetentionReport, words: Words) -> str:
    """Say in one sentence whether customers stay, honestly when there are too few to tell."""
    if not report.has_data:
        return gettext("Nobody has bought anything yet")
    metrics = _metrics(report)
    retained, active = metrics["retention_rate"], metrics["active_customers"].numerator
    if retained.denominator >= FEW_CUSTOMERS:
        said = {
            "share": write.percent(retained.numerator, retained.denominator, language=words.language),
            "stayed": words.number(retained.numerator),
            "before": words.number(retained.denominator),
        }
        return gettext("%(share)s came back: %(stayed)s of the %(before)s customers of the period before") % said
    repeat = metrics["repeat_purchase_rate_days"]
    said = {
        "share": write.percent(repeat.numerator, repeat.denominator, language=words.language),
        "customers": words.number(active),
    }
    if active >= FEW_CUSTOMERS:
        return gettext("%(share)s of %(customers)s customers bought on more than one day") % said
    return gettext("%(customers)s known customers bought: too few to speak of a rate") % said


def value_text(value: MetricValue, words: Words) -> str:
    """Write a measured value in its unit; without a denominator it says so."""
    unit = METRICS[value.key].unit
    if value.denominator == 0 or value.value is None:
        return write.NOT_AVAILABLE.get(words.language, write.NOT_AVAILABLE["en"])
    if unit is Unit.CUSTOMERS:
        return words.number(value.numerator)
    if unit is Unit.SHARE:
        return write.percent(value.numerator, value.denominator, language=words.language, decimals=1)
    if unit is Unit.MONEY:
        return words.money(round_half_up_div(value.numerator, value.denominator))
    if unit is Unit.DAYS:
        days = words.number(value.value, decimals=0 if value.value == int(value.value) else 1)
        return gettext("%(days)s days") % {"days": days}
    return words.number(value.value, decimals=2)


def is_whole(report: RetentionReport) -> bool:
    """Tell whether a period lies within the time that is known: something was sold in its first month."""
    return bool(report.months) and report.months[0].orders > 0


def stats_of(report: RetentionReport, before: RetentionReport | None, words: Words) -> list[Stat]:
    """Return every metric of a report, compared with the report of the period before where that is stored."""
    earlier = _metrics(before) if before else {}
    return [_stat(value, earlier.get(value.key), words) for value in report.metrics]


def _stat(value: MetricValue, earlier: MetricValue | None, words: Words) -> Stat:
    metric = METRICS[value.key]
    note, trend = _comparison(value, earlier, words)
    fraction = f"{words.number(value.numerator)} ÷ {words.number(value.denominator)}"
    if metric.unit is Unit.MONEY:
        fraction = f"{words.money(value.numerator)} ÷ {words.number(value.denominator)}"
    if metric.denominator is None:
        fraction = words.number(value.numerator)
    last = value.period.end - value.period.end.resolution
    return Stat(
        key=value.key,
        label=gettext(metric.name),
        value=value_text(value, words),
        note=note,
        trend=trend,
        formula=gettext(metric.formula),
        caveats=[gettext(caveat) for caveat in metric.caveats],
        source=gettext(metric.source),
        fraction=fraction,
        period=f"{words.day(value.period.start)} – {words.day(last)}",
    )


def _comparison(value: MetricValue, earlier: MetricValue | None, words: Words) -> tuple[str, str]:
    """Say how a value stands against the period before, and whether that is good."""
    if earlier is None or earlier.value is None or value.value is None or not earlier.denominator:
        return "", ""
    said = {"before": value_text(earlier, words)}
    if METRICS[value.key].unit is Unit.SHARE:
        points = round((value.value - earlier.value) * 100, 1)
        said["points"] = words.number(abs(points), decimals=1)
        if not points:
            return gettext("as before: %(before)s") % said, ""
        above, below = gettext("%(points)s points above %(before)s"), gettext("%(points)s points below %(before)s")
        return (above if points > 0 else below) % said, _trend(value.key, points)
    difference = value.value - earlier.value
    note = gettext("as before: %(before)s") if not difference else gettext("was %(before)s in the period before")
    return note % said, _trend(value.key, difference)


def _trend(key: str, difference: float) -> str:
    if not difference:
        return ""
    return "good" if (difference > 0) != (key in FEWER_IS_BETTER) else "bad"


def month_figure(report: RetentionReport, words: Words) -> LineFigure | None:
    """Draw active, returning and new customers by month; None without two finished months."""
    months = [month for month in report.months if month.is_finished][-MONTHS_SHOWN:]
    if len(months) < 2:
        return None
    last, earlier = months[-1], months[-2]
    said = {
        "count": words.number(last.returning_customers),
        "month": write.month(last.month, words.language),
        "before": words.number(earlier.returning_customers),
    }
    return line_chart(
        gettext("%(count)s customers came back in %(month)s, %(before)s the month before") % said,
        labels=[write.month(month.month, words.language, width="short") for month in months],
        series=[
            Series(name=gettext("Active"), values=[month.active_customers for month in months]),
            Series(name=gettext("Came back"), values=[month.returning_customers for month in months]),
            Series(name=gettext("New"), values=[month.new_customers for month in months]),
        ],
        write=words.number,
        about=gettext("Known customers with a purchase in the month; whole months only"),
    )


def cohort_figure(report: RetentionReport, words: Words) -> HeatFigure | None:
    """Draw who came back by the month of their first purchase; None without a cohort that has been followed."""
    cohorts = report.cohorts.cohorts[-COHORTS_SHOWN:]
    width = max((len(cohort.cells) for cohort in cohorts), default=0)
    if width < COLUMNS_MIN:
        return None
    rows = [
        HeatRow(
            label=write.month(cohort.month, words.language, width="short"),
            size=words.number(cohort.size),
            cells=[
                Cell(
                    share=cell.share,
                    text=write.percent(cell.customers, cell.of, language=words.language),
                    is_open=not cell.is_finished,
                )
                for cell in cohort.cells[1:]
            ],
        )
        for cohort in cohorts
    ]
    shares = [cell.share for row in rows for cell in row.cells if cell is not None and not cell.is_open]
    about = HeatWords(
        row=gettext("First purchase"),
        size=gettext("Customers"),
        about=gettext("Share of each month's new customers who bought again, by months after their first purchase"),
    )
    columns = [words.number(month) for month in range(1, width)]
    return heatmap(_cohort_finding(report, words), columns=columns, rows=rows, words=about, full=max([*shares, 0.1]))


def _cohort_finding(report: RetentionReport, words: Words) -> str:
    first = next((cell for cell in report.cohorts.averages if cell.months_since == 1), None)
    if first is None or first.of < FEW_CUSTOMERS:
        return gettext("Too early to tell how many new customers come back")
    said = {"share": write.percent(first.customers, first.of, language=words.language)}
    return gettext("%(share)s of new customers buy again in the month after") % said
