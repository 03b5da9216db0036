"""Where a stage's teacher states come from: the running teacher, or a store that it filled once."""

import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from potstill.data import Batches
from potstill.errors import RecipeError
from potstill.files import one_at_a_time, read_json, sweep, write_json
from potstill.pipeline.open_run import OpenRun, RunTeacher, Source
from potstill.processes import main_first
from potstill.teachers import OnlineTeacher, StateStore, StatesTrial, StoredStates, Teacher, example_keys, try_states
from potstill.tensors import Needs
from potstill.timing import format_seconds
from potstill.training import StageConfig, StepPlan

_TRIAL_BATCHES = 4
_GIB = 2**30
_WAITING = "waiting for {}, which asks the same teacher"


@dataclass(frozen=True, kw_only=True)
class StageStates:
    """What one stage reads of one teacher's layers.

    Attributes:
        run: The run; what is stored lies beside it.
        stage: The stage.
        batches: Its examples, in the student's tokens.
        online: The teacher, a single one, as it runs beside the student.
        teacher: What identifies it.
        needs: What the stage reads of it beside logits.
    """

    run: OpenRun[Source]
    stage: StageConfig
    batches: Batches
    online: OnlineTeacher
    teacher: RunTeacher
    needs: Needs

    def open(self, *, reads_padding: bool) -> Teacher:
        """Give what answers the needs."""
        wanted = self.run.recipe.teacher.states
        obstacle = self._obstacle(reads_padding=reads_padding)
        if wanted == "store" and obstacle is not None:
            raise RecipeError(f"teacher.states: stage '{self.stage.name}' {obstacle}; set states = 'run'.")
        if wanted == "auto" and obstacle is not None:
            name = self.stage.name
            self.run.callback.note(f"{name}: teacher states are not stored: the stage {obstacle}")
        if wanted == "run" or obstacle is not None:
            return self.online
        lock, note = self._place.with_name(f".{self._place.name}.lock"), self.run.callback.note
        with main_first(), one_at_a_time(lock, lambda who: note(_WAITING.format(who))):
            sweep(self._place)
            if self._choose(wanted) == "run":
                return self.online
            return self._fill()

    @cached_property
    def _keys(self) -> tuple[str, ...]:
        own = self.online.own
        if own is None:
            return example_keys(self.batches.tokenised.tokens)
        return example_keys(own.batches.tokenised.tokens, own.alignment)

    @property
    def _place(self) -> Path:
        name = f"states-{self.teacher.fingerprint}-{self.run.precision}".replace("/", "_")
        return self.run.folder.store / name

    @cached_property
    def _store(self) -> StateStore:
        return StateStore(self._place, self.needs, self.run.recipe.teacher.states_format)

    def _obstacle(self, *, reads_padding: bool) -> str | None:
        if self.stage.masking is not None or self.needs.vocabulary:
            return "hides other tokens in every pass or scores the vocabulary, which is not stored"
        if reads_padding:
            return "has reduction = 'reference', which counts padded positions, and those are not stored"
        return None

    def _choose(self, wanted: Literal["store", "auto"]) -> Literal["run", "store"]:
        """Decide once; a resumed run follows the first decision, because stored states are rounded."""
        path = self.run.folder.states
        remedy = "bring it back, or run it anew in another folder"
        chosen = read_json(path, remedy=remedy) if path.is_file() else {}
        if self.stage.name not in chosen:
            chosen[self.stage.name] = self._decide(wanted)
            write_json(path, chosen, is_sealed=True)
        choice: Literal["run", "store"] = chosen[self.stage.name]
        return choice

    def _decide(self, wanted: Literal["store", "auto"]) -> Literal["run", "store"]:
        """Try both on a few batches, say what it would take, and choose; what is all there already is just read."""
        lengths, missing = self.batches.tokenised.tokens.lengths, self._store.missing(self._keys)
        if wanted == "store" and not len(missing):
            return "store"
        name, note = self.stage.name, self.run.callback.note
        total, new = float(lengths.sum()), float(lengths[missing].sum())
        trial = self._try()
        room = self._room()
        if trial.num_bytes * new > room:
            why = f"would take {_gib(trial.num_bytes * new)} and have {_gib(room)} (teacher.states_gib, free disk)"
            if wanted == "store":
                raise RecipeError(
                    f"teacher.states: those of stage '{name}' {why}; raise states_gib, set states_format = 'int8', or "
                    "set states = 'run'."
                )
            note(f"{name}: teacher states are not stored: they {why}")
            return "run"
        passes = self._passes()
        saved = trial.saved(passes=passes, missing=new / total) * total
        note(
            f"{name}: storing teacher states takes {_gib(trial.num_bytes * new)} and, with the teacher's own work, "
            f"{format_seconds(trial.write * new)}; a pass takes the teacher {format_seconds(trial.run * total)} and "
            f"the store {format_seconds(trial.read * total)}; in {passes:.3g} passes storing "
            f"{'saves' if saved > 0 else 'costs'} {format_seconds(abs(saved))}"
        )
        return "store" if wanted == "store" or saved > 0 else "run"

    def _room(self) -> float:
        """Count the bytes that states may still take."""
        budget = self.run.recipe.teacher.states_gib * _GIB - self._store.num_bytes
        return max(0.0, min(budget, 0.95 * shutil.disk_usage(self._store.folder).free))

    def _try(self) -> StatesTrial:
        plan = self.batches.plan(0)[:_TRIAL_BATCHES]
        batches = [self.batches.collate(example_ids).to(self.run.device) for example_ids in plan]
        with self.run.autocast():
            return try_states(
                self.online,
                self.needs,
                batches,
                self._keys,
                form=self.run.recipe.teacher.states_format,
                num_heads=self.teacher.model.shape.num_heads,
            )

    def _passes(self) -> float:
        stage = self.stage
        plan = StepPlan(batches=self.batches, accumulate=stage.accumulate)
        return plan.total(stage) / len(plan.epoch(0))

    def _fill(self) -> StoredStates:
        store, callback = self._store, self.run.callback
        missing = store.missing(self._keys)
        if len(missing):
            batches = (batch.to(self.run.device) for batch in self.batches.ordered(missing))
            with callback.task("teacher states", len(missing)) as progress, self.run.autocast():
                for number in store.fill(self.online, self.needs, batches, self._keys):
                    progress.advance(number)
        damaged = f", {store.num_damaged} damaged files made anew" if store.num_damaged else ""
        callback.note(
            f"{self.stage.name}: teacher states of {len(self._keys):,} examples, {len(missing):,} of them new, "
            f"{store.num_bytes / 2**20:,.0f} MiB, rounding error {store.relative_error:.1e}{damaged}"
        )
        return StoredStates(store, self._keys, num_heads=self.teacher.model.shape.num_heads)


def _gib(num_bytes: float) -> str:
    return f"{num_bytes / _GIB:.2f} GiB"
