# SPDX-License-Identifier: Apache-2.0
"""The committed stylesheet, scripts and icons are those that their sources give."""

import importlib.util
import json
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
ASSETS = ROOT / "assets"
BUILT = ROOT / "src" / "regulars" / "ui" / "static" / "ui"
TAILWIND = ASSETS / "node_modules" / ".bin" / "tailwindcss"
STALE = "the built assets are stale: run `make assets`"


def load_sources() -> ModuleType:
    spec = importlib.util.spec_from_file_location("asset_sources", ASSETS / "sources.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sources = load_sources()


def test_classes_are_found_in_templates_and_sources() -> None:
    template = '<p class="a {% if x == "y" %}b{% endif %} c-{{ n }} lg:d">{% card class="e" %}'
    assert sources.classes_in(template) == {"a", "b", "lg:d", "e"}
    assert sources.classes_in("format_html('<b class=\"f g-{}\">')") == {"f"}


def test_every_class_in_use_is_known_to_the_build() -> None:
    assert (ASSETS / "classes.txt").read_text(encoding="utf-8") == sources.class_list(), STALE


def test_the_manifest_names_what_is_there() -> None:
    assert (ASSETS / "manifest.json").read_text(encoding="utf-8") == sources.manifest(), STALE


def test_every_class_in_use_has_a_rule() -> None:
    css = re.sub(r"\\(.)", r"\1", (BUILT / "app.css").read_text(encoding="utf-8"))
    classes = set((ASSETS / "classes.txt").read_text(encoding="utf-8").split())
    assert [name for name in sorted(classes) if not re.search(rf"\.{re.escape(name)}(?![\w-])", css)] == []


def test_the_stylesheet_reaches_only_for_its_own_files() -> None:
    css = (BUILT / "app.css").read_text(encoding="utf-8")
    addresses = re.findall(r"url\(\"?([^)\"]+)\"?\)", css)
    fonts = {address for address in addresses if not address.startswith("data:")}
    assert {f"fonts/{path.name}" for path in (BUILT / "fonts").glob("*.woff2")} == fonts
    assert "@import" not in css


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((ASSETS / "package-lock.json").read_text(encoding="utf-8"))
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert all("integrity" in package for name, package in lock["packages"].items() if name)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is missing: the rebuild is not compared")
@pytest.mark.skipif(not TAILWIND.exists(), reason="assets/node_modules is missing: run `npm --prefix assets ci`")
def test_a_rebuild_gives_the_committed_files(tmp_path: Path) -> None:
    subprocess.run([str(ASSETS / "build.sh"), str(tmp_path)], check=True, capture_output=True, timeout=120)
    for name in ("app.css", "app.js", "htmx.min.js", "mark.svg"):
        assert (tmp_path / name).read_bytes() == (BUILT / name).read_bytes(), f"{name}: {STALE}"
    icons = sources.icon_shapes(ASSETS / "node_modules" / "lucide-static" / "icons")
    assert sources.ICONS.read_text(encoding="utf-8") == icons, STALE
