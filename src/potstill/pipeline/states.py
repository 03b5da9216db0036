"""Where a stage's teacher states come from: the running teacher, or a store that it filled once."""

import shutil
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from potstill.data import Batches
from potstill.errors import RecipeError
from potstill.files import read_json, write_json
from potstill.pipeline.estimate import format_seconds
from potstill.pipeline.study import Guide, Study
from potstill.processes import main_first
from potstill.run_folder import RunFolder
from potstill.teachers import OnlineTeacher, StateStore, StatesTrial, StoredStates, Teacher, example_keys, try_states
from potstill.tensors import Needs
from potstill.training import StageConfig, StepPlan

_TRIAL_BATCHES = 4
_GIB = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class StageContext:
    """Where a stage takes place.

    Attributes:
        study: The run.
        stage: The stage.
        batches: Its examples.
        folder: The run folder; what a teacher gives is stored beside it.
    """

    study: Study
    stage: StageConfig
    batches: Batches
    folder: RunFolder


@dataclass(frozen=True, kw_only=True)
class StageStates:
    """What one stage reads of one teacher's layers.

    Attributes:
        context: Where the stage takes place.
        guide: The teacher, a single one.
        needs: What the stage reads of it beside logits.
    """

    context: StageContext
    guide: Guide
    needs: Needs

    def teacher(self, *, reads_padding: bool) -> Teacher:
        """Give what answers the needs."""
        wanted = self.context.study.recipe.teacher.states
        obstacle = self._obstacle(reads_padding=reads_padding)
        if wanted == "store" and obstacle is not None:
            raise RecipeError(f"teacher.states: stage '{self.context.stage.name}' {obstacle}; set states = 'run'.")
        if wanted == "auto" and obstacle is not None:
            name = self.context.stage.name
            self.context.study.observer.note(f"{name}: teacher states are not stored: the stage {obstacle}")
        if wanted == "run" or obstacle is not None:
            return self._online
        with main_first():
            if self._choose(wanted) == "run":
                return self._online
            return self._fill()

    @cached_property
    def _online(self) -> OnlineTeacher:
        return OnlineTeacher(self.guide.encoder.to(self.context.study.device))

    @cached_property
    def _keys(self) -> tuple[str, ...]:
        return example_keys(self.context.batches.tokenised.tokens)

    @cached_property
    def _store(self) -> StateStore:
        name = f"states-{self.guide.fingerprint}-{self.context.study.precision}".replace("/", "_")
        return StateStore(self.context.folder.store / name, self.needs, self.context.study.recipe.teacher.states_format)

    def _obstacle(self, *, reads_padding: bool) -> str | None:
        if self.context.stage.masking is not None or self.needs.vocabulary:
            return "hides other tokens in every pass or scores the vocabulary, which is not stored"
        if reads_padding:
            return "has reduction = 'reference', which counts padded positions, and those are not stored"
        return None

    def _choose(self, wanted: Literal["store", "auto"]) -> Literal["run", "store"]:
        """Decide once; a resumed run follows the first decision, because stored states are rounded."""
        path = self.context.folder.states
        remedy = "bring it back, or run it anew in another folder"
        chosen = read_json(path, remedy=remedy) if path.is_file() else {}
        if self.context.stage.name not in chosen:
            chosen[self.context.stage.name] = self._decide(wanted)
            write_json(path, chosen)
        choice: Literal["run", "store"] = chosen[self.context.stage.name]
        return choice

    def _decide(self, wanted: Literal["store", "auto"]) -> Literal["run", "store"]:
        """Try both on a few batches, say what it would take, and choose."""
        context, lengths = self.context, self.context.batches.tokenised.tokens.lengths
        name, note = context.stage.name, context.study.observer.note
        total, new = float(lengths.sum()), float(lengths[self._store.missing(self._keys)].sum())
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
        budget = self.context.study.recipe.teacher.states_gib * _GIB - self._store.num_bytes
        return max(0.0, min(budget, 0.95 * shutil.disk_usage(self._store.folder).free))

    def _try(self) -> StatesTrial:
        plan = self.context.batches.plan(0)[:_TRIAL_BATCHES]
        batches = [self.context.batches.collate(example_ids).to(self.context.study.device) for example_ids in plan]
        with self.context.study.autocast():
            return try_states(
                self._online,
                self.needs,
                batches,
                self._keys,
                form=self.context.study.recipe.teacher.states_format,
                num_heads=self.guide.encoder.shape.num_heads,
            )

    def _passes(self) -> float:
        stage = self.context.stage
        plan = StepPlan(batches=self.context.batches, accumulate=stage.accumulate)
        return plan.total(epochs=stage.epochs, steps=stage.steps) / len(plan.epoch(0))

    def _fill(self) -> StoredStates:
        store, observer = self._store, self.context.study.observer
        missing = store.missing(self._keys)
        if len(missing):
            batches = (batch.to(self.context.study.device) for batch in self.context.batches.ordered(missing))
            with observer.task("teacher states", len(missing)) as progress, self.context.study.autocast():
                for number in store.fill(self._online, self.needs, batches, self._keys):
                    progress.advance(number)
        damaged = f", {store.num_damaged} damaged files made anew" if store.num_damaged else ""
        observer.note(
            f"{self.context.stage.name}: teacher states of {len(self._keys):,} examples, {len(missing):,} of them new, "
            f"{store.num_bytes / 2**20:,.0f} MiB, rounding error {store.relative_error:.1e}{damaged}"
        )
        return StoredStates(store, self._keys, num_heads=self.guide.encoder.shape.num_heads)


def _gib(num_bytes: float) -> str:
    return f"{num_bytes / _GIB:.2f} GiB"
