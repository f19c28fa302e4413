# SPDX-License-Identifier: Apache-2.0
"""The source of a file: said, carried on by error files, and not taken for a new one when the file has a new name."""

import pytest

from connectors.builders import a_business, a_file
from regulars.cli.importing import Asked, import_file
from regulars.connectors.models import ImportRun
from regulars.connectors.runs import errors_of
from regulars.connectors.sources import KnownElsewhere
from regulars.facts.models import Fact

pytestmark = pytest.mark.django_db
TILL = """order,date,sku,quantity,amount,phone,remark
1,2026-04-13,TEA,2,40,9052099011,a
2,2026-04-14,TEA,1,20,,b
3,2026-04-15,TEA,x,20,,c
"""


@pytest.fixture
def shop():
    return a_business()


def sources_of(shop):
    return sorted(Fact.objects.of(shop).filter(kind="order").values_list("source", "external_id"))


def imported(shop, path, **asked):
    return import_file(shop, "orders", path, Asked(**{"with_points": False, **asked}))


def test_what_is_read_is_said_before(shop, tmp_path, capsys):
    imported(shop, a_file(tmp_path, TILL, name="April till.csv"), is_dry_run=True)

    said = capsys.readouterr().out
    assert said.startswith("source      april-till\ntime zone   Asia/Kolkata\ncurrency    INR\n")
    assert "read        “date” as time (iso)\n" in said
    assert "not read    “remark”\n" in said
    assert "3 rows\n" in said
    assert "2 orders in the file" in said
    assert "1 row not taken: bad_number" in said


@pytest.mark.parametrize("is_dry_run", [True, False])
def test_a_renamed_file_is_refused_and_names_both_sources(shop, tmp_path, is_dry_run):
    imported(shop, a_file(tmp_path, TILL, name="april.csv"))

    with pytest.raises(KnownElsewhere) as refused:
        imported(shop, a_file(tmp_path, TILL, name="april-copy.csv"), is_dry_run=is_dry_run)

    assert "under the source “april”. Under “april-copy” they" in refused.value.message
    assert "--source april," in refused.value.message
    assert sources_of(shop) == [("april", "1"), ("april", "2")]


def test_a_renamed_file_continues_a_source_that_is_said(shop, tmp_path):
    imported(shop, a_file(tmp_path, TILL, name="april.csv"))

    longer = a_file(tmp_path, TILL + "4,2026-04-16,TEA,1,20,,d\n", name="may.csv")

    assert imported(shop, longer, source="april").outcomes == {"repeated": 2, "recorded": 1}
    assert imported(shop, longer, source="april").outcomes == {"repeated": 3}


def test_other_purchases_under_the_same_numbers_are_imported(shop, tmp_path):
    imported(shop, a_file(tmp_path, TILL, name="april.csv"))

    other = a_file(tmp_path, TILL.replace(",40,", ",41,").replace("1,20,", "1,25,"), name="second.csv")
    assert imported(shop, other).outcomes == {"recorded": 2}
    same = a_file(tmp_path, TILL, name="third.csv")
    assert imported(shop, same, are_other_purchases=True).outcomes == {"recorded": 2}


@pytest.mark.parametrize("is_dry_run", [True, False])
def test_scattered_rows_do_not_hide_a_renamed_file(shop, tmp_path, is_dry_run):
    first = "".join(f"{number},2026-04-13,TEA,1,20,,a\n" for number in range(600))
    second = "".join(f"{number},2026-04-13,BUN,1,15,,a\n" for number in range(600))
    text = TILL.partition("\n")[0] + "\n" + first + second
    imported(shop, a_file(tmp_path, text, name="april.csv"))

    with pytest.raises(KnownElsewhere):
        imported(shop, a_file(tmp_path, text, name="copy.csv"), is_dry_run=is_dry_run)

    assert len(sources_of(shop)) == 600


def test_rows_without_a_number_are_known_by_the_file(shop, tmp_path):
    text = "date,sku,quantity,amount\n2026-04-13,TEA,2,40\n2026-04-14,TEA,1,20\n"
    imported(shop, a_file(tmp_path, text, name="april.csv"))

    with pytest.raises(KnownElsewhere):
        imported(shop, a_file(tmp_path, text, name="copy.csv"))


@pytest.mark.parametrize("source", [None, "corner"])
def test_an_error_file_carries_on_its_import_and_the_corrected_original_then_changes_nothing(
    shop, tmp_path, capsys, source
):
    text = (
        TILL.replace("2026-04-13", "13/04/2026").replace("2026-04-14", "14/04/2026").replace("2026-04-15", "05/04/2026")
    )
    imported(shop, a_file(tmp_path, text, name="april.csv"), source=source)
    name = source or "april"
    assert f"then: regulars import orders COPY --source {name}\n" in capsys.readouterr().out
    errors = errors_of(ImportRun.objects.get()).read_text(encoding="utf-8-sig")

    corrected = imported(shop, a_file(tmp_path, errors.replace("TEA,x", "TEA,1"), name="errors.csv"))
    original = imported(shop, a_file(tmp_path, text.replace("TEA,x", "TEA,1"), name="april.csv"), source=source)

    assert (corrected.outcomes, original.outcomes) == ({"recorded": 1}, {"repeated": 3})
    assert sources_of(shop) == [(name, "1"), (name, "2"), (name, "3")]
