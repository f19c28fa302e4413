# SPDX-License-Identifier: Apache-2.0
"""Stories in text files: a name on a line of its own, then sentences, each told by the first pattern that it fits."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

Sentences = Sequence[tuple[str, Callable[..., None]]]


def read_stories(folder: Path) -> dict[str, list[str]]:
    """Return the sentences of every story by its name; lines that begin with # are remarks."""
    stories: dict[str, list[str]] = {}
    for file in sorted(folder.glob("*.txt")):
        for line in file.read_text().splitlines():
            if line.startswith("#") or not line.strip():
                continue
            if not line.startswith(" "):
                name = f"{file.stem}: {line.strip()}"
                assert name not in stories, name
                stories[name] = []
            else:
                stories[name].append(line.strip())
    return stories


def tell(teller: object, sentence: str, sentences: Sentences) -> None:
    """Do, or check, what a sentence says."""
    for pattern, act in sentences:
        if found := re.fullmatch(pattern, sentence):
            act(teller, **found.groupdict())
            return
    raise AssertionError(f"nobody understands “{sentence}”")


def tell_story(teller: object, story: Sequence[str], sentences: Sentences) -> None:
    """Tell a whole story; what is not so names its sentence."""
    for place, sentence in enumerate(story, start=1):
        try:
            tell(teller, sentence, sentences)
        except AssertionError as error:
            raise AssertionError(f"sentence {place}, “{sentence}”: {error}") from error
