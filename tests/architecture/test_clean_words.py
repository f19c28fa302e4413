# SPDX-License-Identifier: Apache-2.0
"""Words that no file of the repository holds: unfinished work, hosts of package registries, paths of one machine."""

import re
from pathlib import Path

import pytest

from architecture.tree import ROOT, files, place

PROSE = {"", ".md", ".txt", ".html", ".po", ".svg", ".csv", ".xml", ".liquid"}
TEXT = PROSE | {".py", ".toml", ".css", ".js", ".mjs", ".json", ".sh", ".yml", ".yaml", ".ini", ".webmanifest"}
FORBIDDEN = {
    "unfinished work": re.compile(
        r"\bTODO\b|\bFIXME\b|\bXXX\b|\bHACK\b|NotImplementedError|(?i:coming soon|lorem ipsum)"
    ),
    "the host of a registry": re.compile(
        r"\b(?:p[y]pi\.org|[p]ythonhosted|[n]pmjs\.|[y]arnpkg\.|d[e]b\.debian|security\.d[e]bian)"
    ),
    "the path of one machine": re.compile(r"(?<![\w.*-])/(?:work|root)/|(?<!\w)/home/\w+/"),
}
ISO_CURRENCY = re.compile(r"[\"']XXX[\"']")


def is_built(path: Path) -> bool:
    return ".min." in path.name or path.name == "package-lock.json"


@pytest.fixture(scope="module")
def texts():
    own = Path(__file__)
    return {
        path: ISO_CURRENCY.sub("", path.read_text(encoding="utf-8"))
        for path in files(ROOT)
        if path.suffix in TEXT and path != own and not is_built(path)
    }


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what, texts):
    found = [
        f"{place(path)}:{text.count(chr(10), 0, match.start()) + 1} {match.group()}"
        for path, text in texts.items()
        for match in FORBIDDEN[what].finditer(text)
    ]

    assert found == []


def test_lock_files_name_no_registry():
    locks = [path for path in files(ROOT) if path.name == "package-lock.json" or path.parent.name == "requirements"]
    naming = [
        place(path) for path in locks if FORBIDDEN["the host of a registry"].search(path.read_text(encoding="utf-8"))
    ]

    assert naming == []
    assert [place(path) for path in locks if '"resolved"' in path.read_text(encoding="utf-8")] == []
