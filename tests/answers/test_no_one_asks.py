"""What differs between kinds of answer lies in their own room: no other file asks which kind it is."""

import re
from pathlib import Path

from potstill.answers import ANSWERS

SOURCE = Path(__file__).parents[2] / "src" / "potstill"
WORDS = "|".join(each.kind for each in ANSWERS if each.kind != "tags")
ASKS = re.compile(
    rf"(?<![\w-])(?:{WORDS})(?![\w-])(?! head)"  # the word of a kind; a classification head is a part of a model
    r"|[\"']tags[\"'](?!: \[)"  # in quotes alone, as words of texts have tags, and so have model cards
    r"|isinstance\([^)]*\b(?:Answer|OneClass|SeveralLabels|Score|Tags)\b"
    r"|answer\.kind\s*(?:==|!=|in\b|not\b)"
    r"|\bif (?:not )?(?:task|self|data\.task|answer)\.label_names\b"
)
PLACES = [*SOURCE.rglob("*.py"), *SOURCE.rglob("*.html")]


def test_no_file_outside_the_room_asks_for_the_kind():
    asked = []
    for path in PLACES:
        if "answers" in path.relative_to(SOURCE).parts:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if ASKS.search(line):
                asked.append(f"{path.relative_to(SOURCE)}:{number}: {line.strip()}")
    assert asked == []
