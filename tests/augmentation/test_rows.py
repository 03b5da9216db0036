"""From rows to new rows: the same whatever the processes, parts and interruptions, and nothing twice."""

import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from augmenting import ODD_TEXTS, PAIRS, REVIEWS, WORDS, as_rows, make_rows, material, texts_of
from hypothesis import given, settings
from hypothesis import strategies as st

from potstill.answers import OneClass
from potstill.augmentation import (
    ROWS_PER_PART,
    AugmentationConfig,
    Labels,
    MethodConfig,
    PartFiles,
    RowMaker,
    TangConfig,
    TinyBertConfig,
    WorkerPool,
    check_suffix,
    count_attempts,
    split_words,
)
from potstill.augmentation.drawing import row_texts
from potstill.augmentation.filtering import FilterConfig, margins
from potstill.augmentation.output import read_rows
from potstill.augmentation.seen import SeenTexts, text_keys
from potstill.errors import DataError, RecipeError

GOLDEN = Path(__file__).parent / "golden"
LABELS = ("good", "bad")
MASKS = TangConfig(replace_probability=0.0, mask_probability=0.2)


def make_texts(count: int, *, seed: int = 0) -> list[tuple[str, ...]]:
    random = np.random.default_rng(seed)
    return [(" ".join(random.choice(WORDS, size=random.integers(2, 8))),) for _ in range(count)]


def check_golden(name: str, method: MethodConfig):
    """To accept other texts, write what `made` holds into the file, and say in the commit why they changed."""
    made = []
    for rows in (as_rows(REVIEWS), list(PAIRS)):
        for row in make_rows(rows, method, copies=4, seed=7, keep_originals=True):
            changed = [list(edit.changed) for edit in row.variant]
            made.append({"source_row": row.source, "texts": list(row_texts(row.variant)), "changed": changed})
    stored = [json.loads(line) for line in (GOLDEN / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    assert made == stored


def test_a_fixed_seed_gives_the_stored_texts_of_masks_replacements_and_ngrams():
    check_golden("tang", TangConfig())


def test_a_fixed_seed_gives_the_stored_texts_of_neighbours(tmp_path):
    words = sorted({word.lower() for text in (*REVIEWS, *sum(PAIRS, ())) for word in split_words(text).words})
    lines = (f"{word} {math.sin(place):.6f} {math.cos(7 * place * place):.6f}" for place, word in enumerate(words))
    (tmp_path / "vectors.txt").write_text("\n".join(lines), encoding="utf-8")
    check_golden("tinybert", TinyBertConfig(vectors=str(tmp_path / "vectors.txt"), candidates=3))


@pytest.mark.slow
def test_the_number_of_processes_changes_nothing():
    rows = make_texts(ROWS_PER_PART + 70)
    alone = make_rows(rows, TangConfig(), copies=3)
    assert texts_of(make_rows(rows, TangConfig(), copies=3, workers=2)) == texts_of(alone)


def test_other_rows_change_nothing_in_what_is_drawn_for_a_row():
    rows = make_texts(40)
    of_first = {texts for row in make_rows(rows, MASKS) if row.source < 5 for texts in texts_of([row])}
    assert of_first <= set(texts_of(make_rows(rows[:5], MASKS)))


def test_another_seed_gives_other_texts():
    assert texts_of(make_rows(make_texts(20), MASKS, seed=1)) != texts_of(make_rows(make_texts(20), MASKS, seed=2))


def test_no_text_comes_twice_over_parts():
    rows = make_texts(2 * ROWS_PER_PART, seed=4)
    texts = texts_of(make_rows(rows, TangConfig(replace_probability=0.0, ngram_probability=1.0), copies=6))
    assert len(texts) > ROWS_PER_PART
    assert max(Counter("".join(text[0].split()) for text in texts).values()) == 1
    assert not {text[0] for text in texts} & {text[0] for text in rows}


def test_originals_come_before_what_they_gave():
    made = make_rows(as_rows(REVIEWS), MASKS, keep_originals=True)
    assert [row.source for row in made] == sorted(row.source for row in made)
    firsts = {row.source: row for row in reversed(made)}
    assert all(row.is_original and texts_of([row]) == [(REVIEWS[number],)] for number, row in firsts.items())
    assert sum(row.is_original for row in made) == len(REVIEWS)


@settings(max_examples=50)
@given(st.lists(st.lists(st.integers(0, 30), max_size=12), max_size=12))
def test_seen_keys_are_those_of_a_set(blocks):
    seen, slow = SeenTexts(), set()
    for block in blocks:
        keys = np.array(block, dtype=np.uint64)
        expected = [key not in slow and key not in block[:place] for place, key in enumerate(block)]
        assert seen.is_new(keys).tolist() == expected
        seen.add(keys)
        slow |= set(block)


def test_blanks_do_not_make_a_text_new():
    first, second, third = text_keys([("a film .",), ("a film.",), ("a film!",)])
    assert first == second != third
    assert len(set(text_keys([("a", "b"), ("ab",), ("b", "a")]))) == 3


@settings(max_examples=60)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(1, 9), st.integers(0, 5))
def test_balanced_classes_come_out_equal_as_far_as_tries_go(labels, copies, seed):
    classes = np.array(labels, dtype=np.int64)
    attempts = count_attempts(classes, rows=len(classes), copies=copies, seed=seed)
    assert attempts.sum() == copies * len(classes)
    totals = {label: int((classes == label).sum() + attempts[classes == label].sum()) for label in set(labels)}
    raised = [total for label, total in totals.items() if attempts[classes == label].sum() > 0]
    assert max(raised) - min(raised) <= 1
    for label, total in totals.items():
        mine = attempts[classes == label]
        assert mine.max() - mine.min() <= 1
        if not mine.any():
            assert total >= max(raised) - 1


def test_without_balance_every_row_is_tried_as_often():
    assert count_attempts(None, rows=3, copies=4, seed=0).tolist() == [4, 4, 4]


def probabilities(rows):
    """A teacher that is sure of long texts only."""
    share = np.array([0.5 + 0.5 * (len(row[0].split()) > 4) for row in rows], dtype=np.float32)
    return np.stack([share, 1 - share], axis=1)


def test_texts_of_which_the_teacher_is_unsure_are_dropped():
    everything = make_rows(as_rows(REVIEWS), MASKS, labeller=probabilities)
    sure = make_rows(
        as_rows(REVIEWS), MASKS, labeller=probabilities, filter={"min_margin": 0.4, "max_similarity": None}
    )
    assert texts_of(sure) == [text for text in texts_of(everything) if len(text[0].split()) > 4]
    assert 0 < len(sure) < len(everything)
    assert all(row.prediction is not None and row.prediction[0] == 1 for row in sure)


def test_the_margin_is_that_of_the_two_highest():
    rows = np.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]], dtype=np.float32)
    assert margins(rows) == pytest.approx([0.2, 0.7])


@pytest.mark.parametrize("limit", [0.3, 0.6, 0.85])
def test_texts_that_hardly_differ_are_dropped(limit):
    rows = as_rows(REVIEWS)
    made = make_rows(rows, MASKS, copies=20, filter={"min_margin": None, "max_similarity": limit})
    assert len(made) < len(make_rows(rows, MASKS, copies=20))
    for number, source in enumerate(REVIEWS):
        texts = [split_words(source).words, *(row.variant[0].words for row in made if row.source == number)]
        for place, words in enumerate(texts[1:], start=1):
            for other in texts[:place]:
                shared = sum((Counter(words) & Counter(other)).values())
                assert shared / (len(words) + len(other) - shared) <= limit


def test_a_filter_without_effect_is_refused():
    with pytest.raises(RecipeError, match="filter has no effect"):
        AugmentationConfig.parse({"filter": {"min_margin": None, "max_similarity": None}})
    assert FilterConfig().min_margin is not None


def write_all(folder: Path, out: Path, rows, *, stop_after: int | None = None) -> int | None:
    """Write parts as the pipeline does; stop in the middle where told to."""
    config = AugmentationConfig(method=MASKS)
    parts = PartFiles(folder, {"rows": len(rows)})
    done = len(parts)
    sources = [LABELS[number % 2] for number in range(len(rows))]
    labels = Labels(sources=sources, answer=OneClass(label_names=LABELS), rule="inherited")
    with WorkerPool(1) as pool:
        maker = RowMaker(
            rows=rows,
            method=config.method.build(material(rows, pool)),
            config=config,
            attempts=np.full(len(rows), 3),
            labeller=None,
            workers=pool,
        )
        maker.add_seen(parts.rows())
        for number, part in enumerate(maker.parts(done), start=done):
            if number == stop_after:
                return None
            parts.write(number, part, "tang", labels, is_pair=len(rows[0]) == 2)
    return parts.join(out, -(-len(rows) // ROWS_PER_PART))


def test_work_that_was_stopped_ends_as_if_it_had_not_been(tmp_path):
    rows = make_texts(3 * ROWS_PER_PART - 5, seed=9)
    total = write_all(tmp_path / "a", tmp_path / "a.parquet", rows)
    assert write_all(tmp_path / "b", tmp_path / "b.parquet", rows, stop_after=1) is None
    assert len(PartFiles(tmp_path / "b", {"rows": len(rows)})) == 1
    assert write_all(tmp_path / "b", tmp_path / "b.parquet", rows) == total
    assert pyarrow.parquet.read_table(tmp_path / "a.parquet") == pyarrow.parquet.read_table(tmp_path / "b.parquet")
    assert not (tmp_path / "b").exists()


def test_parts_of_other_settings_are_thrown_away(tmp_path):
    rows = make_texts(ROWS_PER_PART + 1)
    write_all(tmp_path / "a", tmp_path / "a.parquet", rows, stop_after=1)
    assert len(PartFiles(tmp_path / "a", {"rows": 0})) == 0


@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
def test_a_file_tells_where_its_texts_come_from(tmp_path, suffix):
    out = tmp_path / f"new.{suffix}"
    rows = [*PAIRS, *[(text, text[::-1]) for text in ODD_TEXTS]]
    total = write_all(tmp_path / "parts", out, rows)
    if suffix == "parquet":
        found = pyarrow.parquet.read_table(out).to_pylist()
        assert list(read_rows(out)) == [(row["text"], row["text_pair"]) for row in found]
    else:
        found = [json.loads(line) for line in out.read_text(encoding="utf-8").split("\n") if line]
    assert len(found) == total
    originals = [row for row in found if row["method"] == "original"]
    assert [(row["text"], row["text_pair"]) for row in originals] == rows
    for row in found:
        assert row["label"] == row["source_label"] == LABELS[row["source_row"] % 2]
        for text, end in ((row["text"], ""), (row["text_pair"], "_pair")):
            before = split_words(rows[row["source_row"]][end == "_pair"]).words
            start, stop = row[f"kept{end}"]
            left = [word for place, word in enumerate(before) if start <= place < stop]
            masked = ["[MASK]" if start + place in row[f"changed{end}"] else word for place, word in enumerate(left)]
            assert "".join(masked) == "".join(text.split())


def test_files_of_other_kinds_are_not_written():
    with pytest.raises(DataError, match=r"'.csv' are not written"):
        check_suffix(Path("new.csv"))
