"""What may be wrong with labelled examples."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from potstill.answers import SHOWN
from potstill.data import Split, count_repeats, find_conflicts, find_overlap
from potstill.doctor.case import Case

_RARE = 8
"""Examples of a class below which a model hardly learns it."""
_FEW_DEV, _FEW_TRAIN = 50, 100
_MOST = 0.95
"""Share of the most frequent class above which accuracy says little."""
_REPEATED, _SHARED = 0.05, 0.01
_NO_WORDS = 0.3
"""Share of letters below which a text is taken for a number or an identifier."""
_TOLD = 0.9
_DRIFT = 1e-6
_BROKEN = ("\ufffd", "\u00c3\u00a9", "\u00c3\u00a4", "\u00c3\u00bc", "\u00c3\u00b6", "\u00e2\u20ac")
"""What UTF-8 becomes where it is read as another encoding."""


def find_other_labels(case: Case) -> Iterator[str]:
    """Tell of equal texts with different labels."""
    found = find_conflicts(case.some_of_train, case.examples.task.answer)
    if found:
        text = case.some_of_train.texts[found[0]]
        yield (
            f"{_count(len(found), 'training text')} stand before with another label, such as {_show(text)}; label them "
            "alike, or remove them."
        )


def find_shared_texts(case: Case) -> Iterator[str]:
    """Tell of texts that are learnt and measured on, or measured on twice."""
    for (ours, first), (theirs, second) in combinations(case.splits.items(), 2):
        found = find_overlap(first if ours != "train" else case.some_of_train, second)
        if found.num_equal + found.num_near > _SHARED * min(len(first), len(second)):
            yield (
                f"{_count(found.num_equal, 'text')} of {ours} stand in {theirs} too, and {found.num_near:,} nearly "
                f"({_show(found.example)}), so its figures are too good; remove them from {ours}."
            )


def find_repeats(case: Case) -> Iterator[str]:
    """Tell of training texts that repeat."""
    repeats, total = count_repeats(case.some_of_train), len(case.some_of_train)
    if repeats > _REPEATED * total:
        yield (
            f"{repeats:,} of {total:,} training texts are equal to one before, and count that often; keep each once, "
            "unless they are meant to."
        )


def find_unlabelled(case: Case) -> Iterator[str]:
    """Tell of texts without labels that are there already."""
    figures = case.unlabelled
    assert figures is not None, "the check reads them"
    measured = figures.num_measured_on + figures.num_near_measured_on
    if measured:
        yield (
            f"{_count(measured, 'unlabelled text')} stand, or nearly stand, in what is measured on; they are left out, "
            "but look whether more of these texts come from there."
        )
    if figures.num_repeated + figures.num_in_train > figures.num_unlabeled:
        yield (
            f"of the unlabelled texts {figures.num_in_train:,} are labelled ones and {figures.num_repeated:,} repeat, "
            f"and only {figures.num_unlabeled:,} are new; give others."
        )


def _count_classes(case: Case, split: Split) -> NDArray[np.int64]:
    """Count the examples of each label; none for scores."""
    answer, labels = case.examples.task.answer, split.labels
    if labels is None or len(labels.values) == 0:
        return np.zeros(0, dtype=np.int64)
    holds = answer.targets(labels)[:, : len(answer.label_names)] > 0
    return np.asarray(holds.sum(axis=0), dtype=np.int64)


def find_rare_classes(case: Case) -> Iterator[str]:
    """Tell of classes with hardly an example to learn from."""
    counts = _count_classes(case, case.examples.train)
    named = [
        f"'{name}' ({count})"
        for name, count in zip(case.examples.task.label_names, counts.tolist(), strict=False)
        if count < _RARE
    ]
    if named:
        yield (
            f"{_count(len(named), 'class', 'classes')} of {len(counts)} have fewer than {_RARE} training examples: "
            f"{_list(named)}; label more of them, or join classes."
        )


def find_missing_classes(case: Case) -> Iterator[str]:
    """Tell of classes that nothing measures."""
    for name, split in case.splits.items():
        counts = _count_classes(case, split)
        missing = [label for label, count in zip(case.examples.task.label_names, counts, strict=False) if count == 0]
        if name != "train" and missing:
            named = _list([f"'{label}'" for label in missing])
            yield f"nothing in {name} is {named}, so nothing tells whether a model finds that; add examples."


def find_skew(case: Case) -> Iterator[str]:
    """Tell of a class that nearly all examples have."""
    counts, labels = _count_classes(case, case.examples.dev), case.examples.dev.labels
    total, metric = 0 if labels is None else len(labels.values), case.examples.task.metrics[0]
    if len(counts) and counts.max() > _MOST * total and metric == "accuracy":
        label = case.examples.task.label_names[int(counts.argmax())]
        yield (
            f"{100 * counts.max() / total:.0f} % of dev are '{label}', so whoever always says that is as often right; "
            "set another metric, such as data.metrics=macro_f1,accuracy."
        )


def find_drift(case: Case) -> Iterator[str]:
    """Tell of classes whose shares differ between what is learnt and what is measured on."""
    from scipy.stats import chi2_contingency

    ours = _count_classes(case, case.examples.train)
    for name, split in case.splits.items():
        theirs = _count_classes(case, split)
        if name == "train" or not len(ours) or not len(theirs):
            continue
        table = np.array([ours, theirs])
        kept = table[:, table.sum(axis=0) > 0]
        if kept.shape[1] > 1 and kept.sum(axis=1).all() and chi2_contingency(kept).pvalue < _DRIFT:
            place = int(np.abs(kept[0] / kept[0].sum() - kept[1] / kept[1].sum()).argmax())
            shares = [100 * float(row[place] / row.sum()) for row in kept]
            label = np.array(case.examples.task.label_names)[table.sum(axis=0) > 0][place]
            yield (
                f"'{label}' is {shares[0]:.0f} % of train and {shares[1]:.0f} % of {name}: they come from different "
                "places, or rows are sorted; draw both from all examples."
            )


def find_few(case: Case) -> Iterator[str]:
    """Tell of splits that are too small to tell anything."""
    train, dev = len(case.examples.train), len(case.examples.dev)
    if train < _FEW_TRAIN:
        yield f"there are {_count(train, 'training example')}; label more, or give texts without labels (--unlabeled)."
    if dev < _FEW_DEV:
        yield (
            f"dev has {_count(dev, 'example')}, so a difference of {100 / np.sqrt(dev):.0f} points may be chance; keep "
            f"at least {_FEW_DEV}."
        )


def find_broken_letters(case: Case) -> Iterator[str]:
    """Tell of texts that were read in a wrong encoding."""
    texts = case.some_of_train.texts
    found = [text for text in texts if any(each in text for each in _BROKEN)]
    if found:
        yield (
            f"{_count(len(found), 'training text')} hold letters of a wrong encoding, such as {_show(found[0])}; write "
            "the file as UTF-8 from its source again."
        )


def find_no_words(case: Case) -> Iterator[str]:
    """Tell of a column that holds no texts."""
    texts = [text for text in case.some_of_train.texts if text]
    wordless = [text for text in texts if sum(map(str.isalpha, text)) < _NO_WORDS * len(text)]
    if len(wordless) > _TOLD * len(texts):
        yield (
            f"{len(wordless):,} of {len(texts):,} training texts are hardly words, such as {_show(wordless[0])}; say "
            "with --text which column holds the text."
        )


def find_told_labels(case: Case) -> Iterator[str]:
    """Tell of texts that say their label."""
    train, answer = case.some_of_train, case.examples.task.answer
    if train.labels is None or not train.labels.is_one_each:
        return
    names = [f" {name.casefold()} " for name in answer.label_names]
    holds = answer.targets(train.labels)[:, : len(names)] > 0
    texts = [f" {text} ".casefold() for text in train.texts]
    stands = np.array([[name in text for name in names] for text in texts])
    told = float(((stands == holds).all(axis=1) & stands.any(axis=1)).mean())
    if told > _TOLD:
        yield (
            f"{100 * told:.0f} % of the training texts hold the name of their label and no other, such as "
            f"{_show(train.texts[0])}: a model would learn to read it; remove it from the texts."
        )


def find_twin_texts(case: Case) -> Iterator[str]:
    """Tell of pairs whose texts are one."""
    train = case.some_of_train
    if train.pairs is None:
        return
    equal = sum(first == second for first, second in zip(train.texts, train.pairs, strict=True))
    if equal > _TOLD * len(train):
        yield (
            f"{equal:,} of {len(train):,} training pairs are one text twice; say with --text and --text-pair which "
            "columns hold them."
        )


def find_no_gold(case: Case) -> Iterator[str]:
    """Tell that nothing can be measured against gold labels."""
    if not case.examples.dev.has_labels:
        yield (
            "dev has no gold labels, so all figures are agreement with the teacher, not what is right; label some of "
            "it."
        )


def _count(number: int, what: str, several: str | None = None) -> str:
    return f"{number:,} {what if number == 1 else several or f'{what}s'}"


def _list(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def _show(text: str) -> str:
    short = " ".join(text.split())
    return f'"{short[:60]} ..."' if len(short) > 60 else f'"{short}"'
