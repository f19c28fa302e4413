# SPDX-License-Identifier: Apache-2.0
"""One number, however it was written down."""

import csv
import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.kernel.phone import BadPhone, mask_phone, normalise_phone


@pytest.mark.parametrize(
    "written",
    [
        "9876543210",
        "09876543210",
        "919876543210",
        "+919876543210",
        "+91-98765-43210",
        "00919876543210",
        "9876543210.0",
        "919876543210.0",
        "९८७६५४३२१०",
        "98765 43210",
        "(98765) 43210",
        "\ufeff98765\u200b43210",
        "'9876543210",
        "＋９１９８７６５４３２１０",
        "98765-43210 ",
    ],
)
def test_ways_to_write_an_indian_number(written):
    assert normalise_phone(written, "IN") == "+919876543210"


@pytest.mark.parametrize("written", ["091 234-567", "+374 91 234567", "0037491234567", "91234567", "374 91 23 45 67"])
def test_ways_to_write_an_armenian_number(written):
    assert normalise_phone(written, "AM") == "+37491234567"


@pytest.mark.parametrize(
    "written", ["9.88E+09", "9.876543210E+09", "9E9", "", "   ", "none", "12", "+", "1" * 60, "²³"]
)
def test_what_cannot_be_read_is_refused_without_repeating_it(written):
    with pytest.raises(BadPhone) as refusal:
        normalise_phone(written, "IN")

    assert len(written) < 4 or written not in refusal.value.message


def test_a_number_is_hidden_but_for_its_end():
    assert mask_phone("+919876543210") == "•••• 3210"


@given(st.text(max_size=50))
def test_any_text_is_a_number_or_refused(text):
    try:
        number = normalise_phone(text, "IN")
    except BadPhone:
        return
    assert number.startswith("+")
    assert number[1:].isascii()
    assert number[1:].isdigit()
    assert normalise_phone(number, "AM") == number


@pytest.mark.shared_data
def test_made_up_members(shared_data: Path):
    """Every number that can be recovered is that of the person; one eaten by a spreadsheet is refused."""
    folder = shared_data / "members_synthetic"
    people = {row["pid"]: row for row in rows(folder / "dev_people.csv.gz")}
    person_of = {row["record_id"]: row["true_person"] for row in rows(folder / "dev_members_truth.csv.gz")}
    refused = wrong = right = 0
    for record in rows(folder / "dev_members_raw.csv.gz"):
        person = people[person_of[record["record_id"]]]
        if not record["phone_raw"]:
            continue
        try:
            number = normalise_phone(record["phone_raw"], person["country"])
        except BadPhone:
            refused += 1
            assert "E+" in record["phone_raw"].upper(), record["phone_raw"]
            continue
        right += number == person["phone"]
        wrong += number != person["phone"]

    assert right > 3_000
    assert refused > 0
    assert wrong == 0


def rows(file: Path) -> list[dict[str, str]]:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
