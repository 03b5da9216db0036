"""Which weights of a stage go on: the best by their score, and among equally good ones the nearest to the teacher."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """How a student did on the examples that choose its weights.

    Attributes:
        figures: By name; the first decides, higher is better.
        error: Standard error of the first: scores that are nearer to each other cannot be told apart.
        distance: Mean divergence of the student's answers from the teacher's; None where it follows no teacher.
    """

    figures: Mapping[str, float]
    error: float = 0.0
    distance: float | None = None

    @property
    def name(self) -> str:
        """Name of the figure that decides."""
        return next(iter(self.figures))

    @property
    def score(self) -> float:
        """The figure that decides."""
        return self.figures[self.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The weights that would go on if a stage ended now.

    Attributes:
        step: Optimizer steps made when they were scored; 0 before the first scoring.
        epoch: Passes over the training examples made then.
        score: Their score; None before the first scoring.
        distance: Their distance from the teacher; None without one.
        scores: The scores of all weights so far.
        margin: Standard error of the highest of them.
    """

    step: int = 0
    epoch: float = 0.0
    score: float | None = None
    distance: float | None = None
    scores: tuple[float, ...] = ()
    margin: float = 0.0

    @property
    def since_best(self) -> int:
        """Scorings since the highest score was first reached."""
        return len(self.scores) - 1 - self.scores.index(max(self.scores)) if self.scores else 0

    @property
    def num_close(self) -> int:
        """Scorings within the margin of the highest score."""
        return sum(score >= max(self.scores) - self.margin for score in self.scores)

    def after(self, scores: Scores, *, step: int, epoch: float, takes_last: bool = False) -> "Choice":
        """Choose again after a scoring.

        The new weights are taken where they are within one standard error of the highest score so far and the held ones
        are not; where both are, the new ones are taken if their answers are nearer to the teacher's. Without a teacher
        the later ones are.
        """
        seen = (*self.scores, scores.score)
        margin = scores.error if scores.score > max(self.scores, default=-math.inf) else self.margin
        bar = max(seen) - margin
        is_held_close = self.score is not None and self.score >= bar
        if not takes_last and (scores.score < bar or (is_held_close and not self._is_farther_than(scores))):
            return replace(self, scores=seen, margin=margin)
        return Choice(step=step, epoch=epoch, score=scores.score, distance=scores.distance, scores=seen, margin=margin)

    def _is_farther_than(self, scores: Scores) -> bool:
        return self.distance is None or scores.distance is None or scores.distance < self.distance

    def to_json(self) -> dict[str, int | float | None]:
        """Give what the event log says of it at the end of a stage."""
        return {
            "best_step": self.step,
            "best_epoch": round(self.epoch, 4),
            "best_score": self.score,
            "margin": self.margin,
        }

    def describe(self, metric: str) -> str:
        """Tell people what was chosen, and why."""
        said = f"the weights of step {self.step:,} (epoch {self.epoch:.4g}) go on: {metric} {self.score:.4f}"
        if len(self.scores) == 1:
            return said
        said += f"; highest {max(self.scores):.4f}, last {self.scores[-1]:.4f}"
        if self.num_close == 1:
            return said
        why = "the latest" if self.distance is None else "the one nearest to the teacher's answers"
        return f"{said}; {self.num_close} of {len(self.scores)} are within {self.margin:.4f} of the highest: {why}"
