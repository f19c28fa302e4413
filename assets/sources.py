# SPDX-License-Identifier: Apache-2.0
"""What the built assets are made from: the classes that templates use, the icons, and a manifest to tell staleness.

Run by build.sh, and by the tests without node. Standard library only.
"""

import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent / "src" / "regulars"
BUILT = PACKAGE / "ui" / "static" / "ui"
CLASSES = HERE / "classes.txt"
MANIFEST = HERE / "manifest.json"
ICONS = PACKAGE / "ui" / "icon_shapes.json"

TEMPLATE_TAG = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
TEMPLATE_VALUE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
CLASS_VALUE = re.compile(r'\bclass=\\?"((?:\{%.*?%\}|\{\{.*?\}\}|[^"\\])*)\\?"', re.DOTALL)
SHAPE = re.compile(r"<(?:path|circle|rect|line|polyline|polygon|ellipse)\b[^>]*?/>", re.DOTALL)


def classes_in(text: str) -> set[str]:
    """Return the classes that a template or a Python source names in class="…"; computed parts are left out."""
    words: set[str] = set()
    for value in CLASS_VALUE.findall(text):
        for word in TEMPLATE_VALUE.sub("\0", TEMPLATE_TAG.sub(" ", value)).split():
            if not set(word) & set("\0{}%$"):
                words.add(word)
    return words


def scanned_files() -> Iterator[Path]:
    """Yield every file whose classes count: all templates, and the Python sources of the ui room."""
    yield from sorted(PACKAGE.glob("**/templates/**/*.html"))
    yield from sorted((PACKAGE / "ui").glob("**/*.py"))


def class_list() -> str:
    """Return every class in use, one a line."""
    words: set[str] = set()
    for path in scanned_files():
        words |= classes_in(path.read_text(encoding="utf-8"))
    return "".join(f"{word}\n" for word in sorted(words))


def icon_shapes(folder: Path) -> str:
    """Return the shapes of the icons named in icons.json, from a folder of SVG files."""
    names: dict[str, str] = json.loads((HERE / "icons.json").read_text(encoding="utf-8"))
    shapes: dict[str, str] = {}
    for name, source in names.items():
        svg = (folder / f"{source}.svg").read_text(encoding="utf-8")
        shapes[name] = "".join(re.sub(r"\s+", " ", shape).replace(" />", "/>") for shape in SHAPE.findall(svg))
    return json.dumps(shapes, indent=1, sort_keys=True) + "\n"


def _digests(paths: Iterable[Path], *, base: Path) -> dict[str, str]:
    return {path.relative_to(base).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(paths)}


def manifest() -> str:
    """Return the manifest: the sha256 of every source and of every built file."""
    sources = [
        *HERE.glob("css/*.css"),
        *HERE.glob("js/*.js"),
        *HERE.glob("*.sh"),
        *HERE.glob("*.svg"),
        HERE / "icons.json",
        HERE / "package.json",
        HERE / "package-lock.json",
        CLASSES,
    ]
    built = [ICONS, *(path for path in BUILT.rglob("*") if path.is_file())]
    return (
        json.dumps(
            {"sources": _digests(sources, base=HERE), "built": _digests(built, base=PACKAGE)}, indent=1, sort_keys=True
        )
        + "\n"
    )


def main(step: str) -> None:
    """Write the outcome of one step of the build."""
    if step == "classes":
        CLASSES.write_text(class_list(), encoding="utf-8")
    elif step == "icons":
        ICONS.write_text(icon_shapes(HERE / "node_modules" / "lucide-static" / "icons"), encoding="utf-8")
    elif step == "manifest":
        MANIFEST.write_text(manifest(), encoding="utf-8")
    else:
        raise SystemExit(f"unknown step {step!r}: use classes, icons or manifest")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
