"""What a suite says: which systems, tasks, seeds and changes make up its grid."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from potstill.config import Config
from potstill.errors import RecipeError, did_you_mean
from potstill.files import expand_user
from potstill.published import find_new_name
from potstill.recipes import parse_values
from potstill.results import Record

Label = Annotated[str, Field(pattern=r"^[^/\\\n|]+$")]
OneOrSeveral = BeforeValidator(lambda given: (given,) if isinstance(given, str) else given or ())
Ablations = Annotated[tuple[str, ...], OneOrSeveral]
PublishedNames = Annotated[tuple[str, ...], OneOrSeveral]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Part = Literal["student", "teacher", "general", "augmentation"]
"""What a seed can draw."""


class System(Config):
    """A row of the grid: a recipe and its changes."""

    name: Label
    """Names the row in tables."""
    recipe: str
    """A shipped recipe's name or a recipe file."""
    ablation: Ablations = ()
    """A named change of the recipe, such as `no-gd`, or a list of them; none = the recipe as it is."""
    set: tuple[str, ...] = ()
    """`path=value` changes of the recipe, as `--set` of 'potstill distill'."""
    per_task: dict[str, tuple[str, ...]] = {}
    """Further changes for one task, by the task's name."""
    ablation_per_task: dict[str, Ablations] = {}
    """Further ablations for one task, by the task's name, such as the settings that were published for it."""
    published: PublishedNames = ()
    """Rows of published tables that it stands beside: one name or several, of which each table takes its own; none =
    the row of the same name."""


class Variant(Config):
    """A change that is tried on every system."""

    name: Label
    """Names the row in tables, behind the system's name where there are several systems."""
    ablation: Ablations = ()
    """A named change of the recipes, or a list of them."""
    set: tuple[str, ...] = ()
    """`path=value` changes of the recipes."""
    published: PublishedNames = ()
    """Rows of published tables that it stands beside: one name or several, of which each table takes its own; none =
    the row of the same name."""


class SuiteTask(Config):
    """A column of the grid; in a suite file its name alone may stand for it."""

    name: Label
    """A known task, or a name for data of one's own, which `data` or `set` then says where to find."""
    data: str | None = None
    """Its data file, folder or hub name, in place of the suite's."""
    teacher: str | None = None
    """A fine-tuned model for it; None = one is fine-tuned from the teacher's base."""
    answers: str | None = None
    """A file of a teacher's answers in place of a model, as `teacher.answers` of a recipe; students start from the
    teacher's base."""
    set: tuple[str, ...] = ()
    """`path=value` changes of every recipe on this task; those of `data` and `precision` hold for its teacher too."""

    @property
    def has_teacher(self) -> bool:
        """Whether none is to be made for it."""
        return self.teacher is not None or self.answers is not None


class SuiteTeacher(Config):
    """How the teachers are made, one for each task, shared by all systems and seeds."""

    base: str | None = None
    """The encoder that is fine-tuned, and that students may start from."""
    recipe: str = "teacher"
    """The recipe that fine-tunes it."""
    seed: Seed = 0
    """Seeds its fine-tuning, where the seeds of the suite do not."""
    set: tuple[str, ...] = ()
    """`path=value` changes of that recipe."""
    name: Label | None = None
    """Names its row in tables; absent: after its base."""
    published: PublishedNames = ()
    """Rows of published tables that it stands beside."""


class Suite(Record):
    """Systems x variants x tasks x seeds, each cell of which is a run."""

    remedy: ClassVar[str] = "bring it back, or begin the suite anew in another folder"

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    """Names the suite, and its folder under `runs/`."""
    description: str
    """One line for `potstill suite --list`."""
    systems: tuple[System, ...] = Field(min_length=1)
    """The rows."""
    variants: tuple[Variant, ...] = ()
    """Changes that are each tried on every system; none = the systems as they are."""
    tasks: tuple[SuiteTask, ...] = Field(min_length=1)
    """The columns."""
    seeds: tuple[Seed, ...] = Field(default=(0,), min_length=1)
    """Every system is trained once with each; tables give mean and spread over them."""
    vary: tuple[Part, ...] = Field(default=("student",), min_length=1)
    """What each seed draws anew: the `student`, its `teacher`, the `general` student that it starts from, and the texts
    of its `augmentation`. Only what is named here is in the spread over seeds; the rest is made once, with seed 0 or
    `teacher.seed`."""
    set: tuple[str, ...] = ()
    """`path=value` changes of every recipe; those of `data` and `precision` hold for the teachers too."""
    baselines: tuple[str, ...] = ()
    """Controls that are trained beside every student, as `--baseline` of 'potstill distill'."""
    data: str | None = None
    """Folder of the benchmark that the known tasks lie in."""
    corpus: tuple[str, ...] = ()
    """Plain text for recipes that read it: files, folders or names of data sets. Their general students are
    shared by all tasks, by all systems whose stages on plain text are equal, and by all seeds unless `vary` says so."""
    teacher: SuiteTeacher = SuiteTeacher()
    """How the teachers are made."""
    published: tuple[str, ...] = ()
    """Published tables to print beside ours; 'potstill tables' names them."""
    notes: tuple[str, ...] = ()
    """What is to be known about our figures; stands below every table."""

    @property
    def teacher_row(self) -> str:
        """The row of the teachers in tables: as it is called, or by the encoder that they are fine-tuned from."""
        if self.teacher.name is not None:
            return self.teacher.name
        is_made_here = self.teacher.base is not None and not any(task.has_teacher for task in self.tasks)
        return f"teacher ({Path(str(self.teacher.base)).name})" if is_made_here else "teacher"

    @field_validator("tasks", mode="before")
    @classmethod
    def _takes_names(cls, tasks: object) -> object:
        if not isinstance(tasks, list | tuple):
            return tasks
        return tuple({"name": task} if isinstance(task, str) else task for task in tasks)

    @model_validator(mode="after")
    def _names_each_differently(self) -> "Suite":
        for field in ("systems", "variants", "tasks"):
            names = [item.name for item in getattr(self, field)]
            if len(set(names)) < len(names):
                raise ValueError(f"{field}: two have the same name ({', '.join(names)}); name each differently")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds: one occurs twice ({', '.join(map(str, self.seeds))})")
        if len(set(self.vary)) < len(self.vary):
            raise ValueError(f"vary: one occurs twice ({', '.join(self.vary)})")
        known = {task.name for task in self.tasks}
        for system in self.systems:
            for field in ("per_task", "ablation_per_task"):
                for task in getattr(system, field):
                    if task not in known:
                        where = f"systems.{system.name}.{field}"
                        raise ValueError(f"{where}: the suite has no task '{task}'.{did_you_mean(task, known)}")
        return self


def shipped_suites() -> tuple[str, ...]:
    """List the names of the suites that come with Potstill, sorted."""
    return tuple(sorted(path.name.removesuffix(".toml") for path in _folder().iterdir() if path.name.endswith(".toml")))


def read_shipped_suite(name: str) -> str:
    """Read the file of a shipped suite, comments and all."""
    name = find_new_name(name) or name
    if name not in shipped_suites():
        raise RecipeError(f"suite '{name}' does not exist.{did_you_mean(name, shipped_suites())}")
    text: str = (_folder() / f"{name}.toml").read_text(encoding="utf-8")
    return text


def load_suite(name: str, *, fields: Mapping[str, Any] | None = None) -> Suite:
    """Load a suite.

    Args:
        name: A shipped suite's name, or a .toml file.
        fields: Values of fields by name, in place of the file's; None is no value.

    Returns:
        The checked suite.

    Raises:
        RecipeError: The suite does not exist, is not TOML, or a field is wrong.
    """
    path = expand_user(name)
    if path.suffix == ".toml" and not path.is_file():
        raise RecipeError(f"suite file '{name}' does not exist.")
    content = path.read_bytes() if path.suffix == ".toml" else read_shipped_suite(name)
    values = parse_values(content, what=f"suite '{name}'")
    return Suite.parse(values | {field: value for field, value in (fields or {}).items() if value is not None})


def _folder() -> Any:  # noqa: ANN401 - importlib's Traversable
    return files("potstill") / "suites" / "shipped"
