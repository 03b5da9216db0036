"""The student and its objectives as one module: what is trained, wrapped and checkpointed together."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import TypeAlias

import torch
from torch import Tensor, nn

from potstill.errors import RecipeError
from potstill.hub import Encoder
from potstill.objectives import AnyObjectiveConfig, Join, Objective, count_units, find_readable
from potstill.teachers import Teacher
from potstill.tensors import Batch, EncoderOutputs, EncoderShape, Needs

TeacherNumber: TypeAlias = int | None
"""Which teacher of an ensemble, from 0; None = the only one, or all of them together."""


class Distiller(nn.Module):
    """Runs the student on a batch and measures every objective.

    Attributes:
        student: The encoder in training.
        objectives: The objectives, with their projections where they have any.
        names: One unique name for each objective.
        units: What each objective is a mean over.
        compares: Whether each objective compares tokens with those of the teacher that it follows.
        weights: Weight of each objective, [objectives].
        follows: Which teacher each objective follows.
        student_needs: What the objectives read of the student, together.
        teacher_needs: What the objectives read of each teacher that any of them follows, together.
        reads_padding: Whether any objective counts states at padded positions.
        fits: Whether any objective fits its projections before the first step.
    """

    def __init__(
        self, student: Encoder, teachers: Sequence[EncoderShape], configs: Sequence[AnyObjectiveConfig], *, path: str
    ) -> None:
        """Build the objectives of a stage for a student and its teachers; `path` names the stage in messages."""
        super().__init__()
        self.student = student
        places = [f"{path}.objectives.{position}" for position in range(len(configs))]
        self.follows = tuple(
            _choose_teacher(config.teacher, len(teachers), path=place)
            for config, place in zip(configs, places, strict=True)
        )
        built: list[Objective] = [
            config.build(student=student.shape, teacher=teachers[number or 0] if teachers else None, path=place)
            for config, number, place in zip(configs, self.follows, places, strict=True)
        ]
        self.objectives = nn.ModuleList(built)
        for config, objective, place in zip(configs, built, places, strict=True):
            _check_declared(config, objective, path=place)
        self.reads_gold = tuple(config.reads_gold for config in configs)
        self.reads_answers = tuple(objective.teacher_needs.logits for objective in built)
        self.mixes_examples = tuple(config.mixes_examples for config in configs)
        self.names = _unique_names([config.kind for config in configs])
        self.units = tuple(objective.unit for objective in built)
        self.compares = tuple(bool(objective.teacher_needs.hidden_states) for objective in built)
        self.weights = nn.Buffer(torch.tensor([config.weight for config in configs]), persistent=False)
        self.reads_padding = any(objective.reads_padding for objective in built)
        self.fits = any(objective.fits for objective in built)
        self.student_needs = reduce(or_, (objective.student_needs for objective in built), Needs())
        needs: dict[TeacherNumber, Needs] = {}
        for objective, number, place in zip(built, self.follows, places, strict=True):
            _check_voice(objective.teacher_needs, number, len(teachers), path=place)
            if not objective.teacher_needs.is_empty:
                needs[number] = needs.get(number, Needs()) | objective.teacher_needs
        self.teacher_needs: Mapping[TeacherNumber, Needs] = needs

    def forward(
        self,
        batch: Batch,
        targets: Mapping[TeacherNumber, EncoderOutputs],
        shares: Tensor | None = None,
        join: Join | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Measure the batch.

        Args:
            batch: Tokenised examples on the student's device.
            targets: What `teacher_needs` asked of each teacher.
            shares: Factor of each loss where the batch is a part of a step's examples, [objectives]; absent: 1.
            join: Puts the examples of all processes together for the objectives that mix them; absent: they are here.

        Returns:
            The weighted sum, a scalar, and the single losses without weights, [objectives], without gradient.
        """
        student: EncoderOutputs = self.student(batch, self.student_needs)
        nothing = EncoderOutputs()
        parts = zip(self.objectives, self.follows, self._parts_read(batch), self.mixes_examples, strict=True)
        losses = torch.stack(
            [
                objective(
                    student,
                    targets.get(number, nothing),
                    part,
                    join if mixes else None,
                )
                for objective, number, part, mixes in parts
            ]
        )
        if shares is not None:
            losses = losses * shares
        return (losses * self.weights).sum(), losses.detach()

    def count_units(self, batch: Batch) -> Tensor:
        """Count what each loss is a mean over in a batch, [objectives], float32."""
        counts = []
        for unit, part in zip(self.units, self._parts_read(batch), strict=True):
            rows = find_readable(part)
            counts.append(count_units(part if rows is None else part.take(rows), unit))
        return torch.stack(counts).float()

    def _parts_read(self, batch: Batch) -> list[Batch]:
        """Give each objective what it reads: gold labels, what is known of answers, the tokens that its teacher has."""
        parts = []
        facts = zip(self.reads_answers, self.reads_gold, self.follows, self.compares, strict=True)
        for reads_answers, reads_gold, number, compares in facts:
            part = batch if reads_gold else replace(batch, labels=None, label_mask=None)
            part = part if reads_answers else replace(part, answer_mask=None)
            parts.append(_narrow(part, number, compares=compares))
        return parts

    def reads_padding_of(self, number: TeacherNumber) -> bool:
        """Say whether an objective counts a teacher's states at padded positions."""
        return any(
            objective.reads_padding
            for objective, follows, compares in zip(self.objectives, self.follows, self.compares, strict=True)
            if isinstance(objective, Objective) and follows == number and compares
        )

    @torch.no_grad()
    def fit_projections(
        self, batch: Batch, teachers: Mapping[TeacherNumber, Teacher], *, adopted: Sequence[str] = ()
    ) -> None:
        """Fit the projections that are to start from a closed form.

        Args:
            batch: Some texts, tokenised, on the student's device.
            teachers: Those that the objectives follow, running on that device.
            adopted: Names of objectives whose projections were learnt before, which stay as they are.
        """
        was_training, outputs = self.training, self.eval().student(batch, self.student_needs)
        for name, objective, number in zip(self.names, self.objectives, self.follows, strict=True):
            if isinstance(objective, Objective) and objective.fits and name not in adopted:
                targets = teachers[number].outputs(batch, objective.teacher_needs)
                objective.fit(outputs, targets, _narrow(batch, number, compares=True))
        self.train(was_training)

    def projections(self) -> dict[str, Tensor]:
        """Give the weights that the objectives have learnt, by the objective's name.

        Returns:
            Copies on the CPU; empty where no objective has any.
        """
        return {
            f"{name}.{key}": weight.detach().cpu().clone()
            for name, objective in zip(self.names, self.objectives, strict=True)
            for key, weight in objective.state_dict().items()
        }

    def adopt_projections(self, projections: Mapping[str, Tensor]) -> tuple[str, ...]:
        """Take over what the objectives of the stage before have learnt.

        Args:
            projections: From `projections`, of another distiller.

        Returns:
            Names of the objectives that took theirs over: those of which the other had one of the same kind, with
            weights of the same shapes. The others stay as they were drawn.
        """
        adopted = []
        for name, objective in zip(self.names, self.objectives, strict=True):
            own, prefix = objective.state_dict(), f"{name}."
            theirs = {key.removeprefix(prefix): part for key, part in projections.items() if key.startswith(prefix)}
            if own and {key: part.shape for key, part in theirs.items()} == {key: own[key].shape for key in own}:
                objective.load_state_dict(theirs)
                adopted.append(name)
        return tuple(adopted)


def _narrow(batch: Batch, number: TeacherNumber, *, compares: bool) -> Batch:
    """Leave out the tokens under which a teacher with another tokenizer has nothing, as if they were padding."""
    if not compares or number not in batch.shared:
        return batch
    host = None if batch.host is None else _narrow(batch.host, number, compares=compares)
    return replace(batch, token_mask=batch.shared[number], shared={}, host=host)


def _choose_teacher(number: TeacherNumber, num_teachers: int, *, path: str) -> TeacherNumber:
    """Say which teacher an objective follows; the only teacher is None, however it is called."""
    if number is not None and number >= num_teachers > 0:
        known = "number 0" if num_teachers == 1 else f"0 .. {num_teachers - 1}, in the order of teacher.models"
        raise RecipeError(f"{path}.teacher: there is no teacher {number}; this run has {num_teachers} ({known}).")
    return number if num_teachers > 1 else None


def _check_declared(config: AnyObjectiveConfig, objective: Objective, *, path: str) -> None:
    """Refuse an objective that reads more than its config declares."""
    needs = objective.student_needs | objective.teacher_needs
    reads = {
        "needs_teacher": not objective.teacher_needs.is_empty,
        "reads_logits": needs.logits,
        "reads_layers": bool(needs.hidden_states or needs.attention_layers),
        "reads_vocabulary": needs.vocabulary,
    }
    hidden = next((name for name, is_read in reads.items() if is_read and not getattr(config, name)), None)
    if hidden is not None:
        raise RecipeError(
            f"{path}: objective '{config.kind}' reads more than it declares; set {hidden} = True in its class "
            f"{type(config).__name__}."
        )


def _check_voice(needs: Needs, number: TeacherNumber, num_teachers: int, *, path: str) -> None:
    """Refuse to follow the layers of several teachers at once."""
    if num_teachers > 1 and number is None and not (needs.is_empty or needs.is_logits_only):
        raise RecipeError(
            f"{path}.teacher: this objective reads a teacher's layers, and the {num_teachers} teachers have only their "
            f"logits in common; set teacher to the one that it follows, 0 .. {num_teachers - 1}."
        )


def _unique_names(kinds: Sequence[str]) -> tuple[str, ...]:
    """Number the kinds that stand more than once: hidden_states, hidden_states_2, ..."""
    names: list[str] = []
    for position, kind in enumerate(kinds):
        count = kinds[:position].count(kind)
        names.append(kind if count == 0 else f"{kind}_{count + 1}")
    return tuple(names)
