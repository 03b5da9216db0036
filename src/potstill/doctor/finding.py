"""What a check finds, and the checks as a list of functions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from potstill.doctor.case import Case

State: TypeAlias = Literal["ok", "warning", "fault", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check says.

    Attributes:
        check: Its name.
        state: `ok`; a `warning` that may ruin a result; a `fault` that will; `unknown` where it had nothing to look at.
        told: What was found and what to do, in a sentence.
    """

    check: str
    state: State
    told: str = ""

    def to_json(self) -> dict[str, str]:
        """Give its fields."""
        return {"check": self.check, "state": self.state, "told": self.told}


Look: TypeAlias = Callable[[Case], Iterator[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A thing that is looked at.

    Attributes:
        name: What it is called in the table.
        look: Gives a sentence for each thing that is wrong.
        is_fault: Whether what it finds will ruin the run, and not only may.
        is_slow: Whether it takes too long to be made before every run.
        tell: What is said where nothing is wrong.
        reads: Attributes of the case that it cannot do without.
    """

    name: str
    look: Look
    is_fault: bool = False
    is_slow: bool = False
    tell: Callable[[Case], str] | None = None
    reads: tuple[str, ...] = ()

    def examine(self, case: Case) -> tuple[Finding, ...]:
        """Look at a case.

        Args:
            case: What there is of recipe, data, teacher, student and machine.

        Returns:
            What was found, at least one finding.
        """
        if any(getattr(case, name) is None for name in self.reads):
            return (Finding(check=self.name, state="unknown"),)
        state: State = "fault" if self.is_fault else "warning"
        found = [Finding(check=self.name, state=state, told=told) for told in self.look(case)]
        told = "" if self.tell is None or found else self.tell(case)
        return tuple(found) or (Finding(check=self.name, state="ok", told=told),)
