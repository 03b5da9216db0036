"""What may be wrong with what would be trained, and with the machine that it would be trained on."""

import math
from collections.abc import Iterator

import numpy as np

from potstill.doctor.case import BuiltCase, Case, MachineCase
from potstill.timing import format_seconds

_CUT, _UNKNOWN = 0.05, 0.05
_FEW_STEPS = 100
_NO_SMALLER = 0.8
_LONG = 12 * 3600
_TIGHT = 0.8
"""Share of what there is above which a need is told."""
_LARGE = 2**30


def _built(case: Case) -> BuiltCase:
    assert case.built is not None, "the check reads it"
    return case.built


def _machine(case: Case) -> MachineCase:
    assert case.machine is not None, "the check reads it"
    return case.machine


def find_cut_texts(case: Case) -> Iterator[str]:
    """Tell of texts whose end nobody reads."""
    for part, reading in case.readings.items():
        number, total = reading.tokens.num_cut, len(reading.tokens)
        if number > _CUT * total:
            yield (
                f"{number:,} of {total:,} training texts are cut at {case.recipe.data.longest} tokens for the "
                f"{part}; raise data.max_length{_limit(reading.max_tokens)}, or shorten the texts."
            )


def _limit(max_tokens: int | None) -> str:
    return "" if max_tokens is None else f" (at most {max_tokens})"


def find_unknown_words(case: Case) -> Iterator[str]:
    """Tell of texts that a tokenizer does not know."""
    for part, reading in case.readings.items():
        ids = reading.tokens.ids
        is_text = ~np.isin(ids, sorted(reading.special_ids - {reading.unknown_id}))
        share = float((ids[is_text] == reading.unknown_id).mean()) if is_text.any() else 0.0
        if share > _UNKNOWN:
            yield (
                f"{100 * share:.0f} % of what the {part} reads are words that its tokenizer does not know; take a "
                "model of this language and script."
            )


def find_large_student(case: Case) -> Iterator[str]:
    """Tell of a student that is hardly smaller than its teacher."""
    ours, theirs = _built(case).num_weights, _built(case).num_teacher_weights
    if theirs and ours > _NO_SMALLER * theirs and not case.recipe.student.is_source:
        yield (
            f"the student has {ours:,} weights and its teacher {theirs:,}; choose a smaller one, such as --set "
            "student.num_layers=3."
        )


def tell_student(case: Case) -> str:
    """Tell what would be trained."""
    built = _built(case)
    told = f"{built.num_weights:,} weights"
    told += f", of its teacher {built.num_teacher_weights:,}" if built.num_teacher_weights else ""
    bridges = [f"stage '{name}' learns a projection of {count:,} weights" for name, count in built.projections.items()]
    return "; ".join([told, *bridges])


def find_left_out(case: Case) -> Iterator[str]:
    """Tell of optional stages that do not fit."""
    for stage, why in _built(case).left_out.items():
        yield f"stage '{stage}' is left out: {why}"


def find_short_training(case: Case) -> Iterator[str]:
    """Tell of a training of hardly any steps."""
    steps = _built(case).num_steps
    total = None if steps is None else sum(steps.values())
    if total is not None and total < _FEW_STEPS:
        yield f"the training has {total:,} steps, which is hardly enough to learn anything; set epochs or steps higher."


def find_failed_trial(case: Case) -> Iterator[str]:
    """Tell of a loss that is no number after a few steps."""
    trial = _built(case).trial_loss
    if trial is not None and not (math.isfinite(trial[0]) and math.isfinite(trial[1])):
        yield (
            f"the loss is {trial[1]:.3g} after a few steps of a trial; lower optimizer.learning_rate, or look at the "
            "teacher's logits."
        )
    elif trial is not None and trial[1] > 2 * trial[0]:
        yield (
            f"the loss goes from {trial[0]:.3g} to {trial[1]:.3g} within a few steps of a trial; lower "
            "optimizer.learning_rate."
        )


def tell_trial(case: Case) -> str:
    """Tell what a few steps did."""
    trial = _built(case).trial_loss
    return "" if trial is None else f"a few steps took the loss of a batch from {trial[0]:.3g} to {trial[1]:.3g}"


def find_long_run(case: Case) -> Iterator[str]:
    """Tell of a run of many hours."""
    seconds = _machine(case).seconds
    if seconds > _LONG:
        yield (
            f"the run takes about {format_seconds(seconds)} on this machine; take fewer steps or a smaller student, or "
            "an accelerator."
        )


def tell_hours(case: Case) -> str:
    """Tell how long a run takes, without the teacher's fine-tuning."""
    return f"about {format_seconds(_machine(case).seconds)} on this machine, beside a teacher's fine-tuning"


def tell_memory(case: Case) -> str:
    """Tell how much memory a run takes."""
    return f"about {_gib(_machine(case).needed_memory)}"


def tell_disk(case: Case) -> str:
    """Tell how much a run writes."""
    return f"about {_gib(_machine(case).needed_disk)}"


def find_little_memory(case: Case) -> Iterator[str]:
    """Tell of a run that hardly fits into memory."""
    machine = _machine(case)
    if machine.free_memory is not None and machine.needed_memory > _TIGHT * machine.free_memory:
        yield (
            f"the run needs about {_gib(machine.needed_memory)} of memory and {_gib(machine.free_memory)} are free; "
            "make batches smaller (stages.NAME.batches.tokens_per_batch), or stop something else."
        )


def find_little_disk(case: Case) -> Iterator[str]:
    """Tell of a run that hardly fits onto the disk."""
    machine = _machine(case)
    if machine.needed_disk > _TIGHT * machine.free_disk:
        yield (
            f"the run writes about {_gib(machine.needed_disk)} and {_gib(machine.free_disk)} are free; make room, or "
            "give a folder elsewhere (--out)."
        )


def find_stale_store(case: Case) -> Iterator[str]:
    """Tell of stored outputs that belong to another teacher, or are damaged."""
    machine = _machine(case)
    for path in machine.damaged:
        yield f"'{path}' is damaged, and will be made anew; delete it."
    if machine.stale:
        size = sum(machine.stale.values())
        yield (
            f"the store '{next(iter(machine.stale)).parent}' holds what other teachers said ({_gib(size)}) and nothing "
            "of this one; if it should, this is not the teacher that you mean, or it was changed."
        )


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= _LARGE else f"{size / 2**20:.1f} MiB"
