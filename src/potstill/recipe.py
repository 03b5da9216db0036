"""A recipe: the rooms' configs side by side; load one by name or file, override fields, save it resolved."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from potstill.answers import Answer, own_metrics
from potstill.augmentation import AugmentationConfig
from potstill.config import Config
from potstill.data import DataConfig
from potstill.errors import RecipeError
from potstill.objectives import HardLabelsConfig
from potstill.plugins import fingerprint_plugin, plugin_of, require_plugins
from potstill.recipes import (
    Overrides,
    RecipeFile,
    Shorthands,
    list_fields,
    list_overrides,
    merge_ablations,
    override_fields,
    read_recipe_file,
    set_field,
)
from potstill.results import ChosenOn
from potstill.students import AnyStudentConfig
from potstill.teachers import TeacherConfig
from potstill.training import CheckpointConfig, StageConfig, TrackingConfig


class Recipe(Config):
    """Everything that decides the outcome of a run, but the folder it goes to."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    """Names the method in reports."""
    description: str
    """One line for `potstill recipes`."""
    paper: str | None = None
    """Where the method was published."""
    ablated: tuple[str, ...] = ()
    """The ablations that were made, by name; a record, as their changes stand in the other fields."""
    plugins: tuple[str, ...] = ()
    """Modules of one's own that the recipe needs: names of files, or of installed plug-ins. Each must be given with
    --plugin or be installed; a recipe alone runs no code."""
    seed: int = Field(default=0, ge=0, lt=2**32)
    """Seeds the student's start, the order of the examples and dropout."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of matrix products; `auto` takes bf16 where the machine has instructions for it, or what the
    environment variable POTSTILL_PRECISION says."""
    compile: bool = False
    """Train with torch.compile: each transformer layer of the student, and of a teacher that runs beside it, becomes
    fused code, which takes a minute at first. Needs a C++ compiler (a GPU: triton too); numbers change by rounding,
    on a GPU by other draws of dropout too."""
    start_from: Literal["teacher", "base"] = "teacher"
    """The encoder that a student is started from: the fine-tuned teacher or the pre-trained `teacher.base`."""
    data: DataConfig = DataConfig()
    """What the task is and where its examples lie."""
    teacher: TeacherConfig = TeacherConfig()
    """Whom the student follows."""
    student: AnyStudentConfig
    """What is trained."""
    general: str | None = None
    """A student that has been through the stages on a corpus: its folder or run folder. These stages are then left out
    and the others start from it."""
    augmentation: AugmentationConfig | None = None
    """How texts are made for stages with data = 'augmented' or 'transfer'; absent: no stage has them."""
    stages: tuple[StageConfig, ...] = Field(min_length=1)
    """How, one stage after another."""
    checkpoints: CheckpointConfig = CheckpointConfig()
    """When the run is saved."""
    tracking: TrackingConfig = TrackingConfig()
    """Where its figures go."""

    @model_validator(mode="after")
    def _has_distinct_stages(self) -> "Recipe":
        names = [stage.name for stage in self.stages]
        if len(set(names)) < len(names):
            raise ValueError(f"stages: two stages have the same name ({', '.join(names)}); name each differently")
        return self

    @model_validator(mode="after")
    def _ends_with_a_stage_that_is_made(self) -> "Recipe":
        if self.stages[-1].optional:
            raise ValueError(f"stages: the last one, '{self.stages[-1].name}', cannot be optional")
        return self

    @model_validator(mode="after")
    def _begins_with_its_corpus_stages(self) -> "Recipe":
        for earlier, later in pairwise(self.stages):
            if earlier.data != "corpus" and later.data == "corpus":
                raise ValueError(
                    f"stages: '{later.name}' with data = 'corpus' comes after '{earlier.name}', which reads the task; "
                    "put the stages on a corpus first"
                )
        return self

    @model_validator(mode="after")
    def _uses_its_corpus(self) -> "Recipe":
        paths = self.data.corpus.paths
        if not self.corpus_stages:
            if paths:
                raise ValueError(
                    f"data.corpus: recipe '{self.name}' has no stage that reads plain text; leave the corpus out, or "
                    "choose a recipe with stages on a corpus"
                )
            if self.general is not None:
                raise ValueError(
                    f"general: recipe '{self.name}' has no stages on a corpus that a general student could stand for; "
                    "set student.init.kind = 'checkpoint' and student.init.path instead"
                )
        if paths and self.general is not None:
            raise ValueError("general: a general student takes the place of the corpus; give one of the two")
        copies = getattr(getattr(self.student, "init", None), "vocabulary_transform", False)
        if copies and not any(objective.reads_vocabulary for stage in self.stages for objective in stage.objectives):
            raise ValueError("student.init.vocabulary_transform: no stage predicts tokens; leave it out")
        return self

    @model_validator(mode="after")
    def _fits_its_augmentation(self) -> "Recipe":
        readers = [stage for stage in self.stages if stage.data == "augmented"]
        if self.data.unlabeled and not self.reads_transfer:
            raise ValueError(
                f"data.unlabeled: no stage of recipe '{self.name}' reads unlabelled texts; set data = 'transfer' in a "
                "stage with a teacher, or leave the texts out"
            )
        if readers and self.augmentation is None:
            raise ValueError(
                f"augmentation: stage '{readers[0].name}' reads augmented texts, and nothing says how they are made; "
                "add a table 'augmentation', such as --set augmentation.method.kind=tang"
            )
        if self.augmentation is None:
            return self
        if not readers and not self.reads_transfer:
            raise ValueError(
                "augmentation: no stage reads the texts that it makes; set data = 'augmented' in a stage, or leave the "
                "table out (--set augmentation=none)"
            )
        for stage in readers if self.augmentation.labels == "none" else ():
            if found := next((item.kind for item in stage.objectives if item.reads_gold), None):
                raise ValueError(
                    f"stages.{stage.name}.objectives: '{found}' reads gold labels, which new texts have not; set "
                    "augmentation.labels to 'teacher' or 'inherited', or leave the objective out"
                )
        return self

    @model_validator(mode="after")
    def _chooses_by_what_it_holds_out(self) -> "Recipe":
        if self.data.select_on == "train" and all(stage.select == "last" for stage in self.stages):
            raise ValueError(
                "data.select_on: no stage chooses its weights, so what is held out of train would be lost; leave it "
                "out, or set select = 'best' in a stage"
            )
        return self

    @property
    def chosen_on(self) -> ChosenOn:
        """Which examples choose the weights."""
        return "nothing" if all(stage.select == "last" for stage in self.stages) else self.data.select_on

    @property
    def corpus_stages(self) -> tuple[StageConfig, ...]:
        """The stages that read plain text; they come first."""
        return tuple(stage for stage in self.stages if stage.data == "corpus")

    @property
    def reads_transfer(self) -> bool:
        """Whether a stage reads all texts that there are."""
        return any(stage.data == "transfer" for stage in self.stages)

    @property
    def needs_teacher(self) -> bool:
        """Whether any objective follows a teacher."""
        asks = self.augmentation is not None and self.augmentation.needs_teacher
        return asks or any(objective.needs_teacher for stage in self.stages for objective in stage.objectives)

    def for_answer(self, answer: Answer) -> "Recipe":
        """Leave out the objectives for another kind of answer, and take labels one by one where there may be several.

        Args:
            answer: What the task asks of a text.

        Returns:
            The recipe, as it will run.

        Raises:
            RecipeError: A stage has no objective left.
        """
        stages = []
        for stage in self.stages:
            kept = tuple(objective for objective in stage.objectives if objective.when in ("always", answer.when))
            if not kept:
                raise RecipeError(
                    f"stages.{stage.name}.objectives: none is for a {answer.kind} task; add one whose 'when' fits."
                )
            if answer.has_independent_labels:
                kept = tuple(objective.with_independent_labels() for objective in kept)
            stages.append(stage.model_copy(update={"objectives": kept}))
        return self.model_copy(update={"stages": tuple(stages)})

    def without_gold(self) -> "Recipe":
        """Leave out the optional objectives, for training examples without a gold label."""
        stages = [
            (stage, tuple(objective for objective in stage.objectives if not objective.optional))
            for stage in self.stages
        ]
        kept = [stage.model_copy(update={"objectives": left or stage.objectives}) for stage, left in stages]
        return self.model_copy(update={"stages": tuple(kept)})

    def with_precision(self, precision: Literal["fp32", "bf16"]) -> "Recipe":
        """Fill in what `precision = "auto"` stands for on this machine."""
        return self.model_copy(update={"precision": precision})

    def with_length(self, max_length: int) -> "Recipe":
        """Fill in how long texts may be where `data.max_length` is not given."""
        length = self.data.max_length or max_length
        return self.model_copy(update={"data": self.data.model_copy(update={"max_length": length})})

    def without_teacher(self) -> "Recipe":
        """Make the control: the same student, start, data and schedule, learning from the labels alone.

        Returns:
            The recipe with `hard_labels` as the only objective of every stage, so that the number of steps is equal.
            Augmented texts have the label of the example that they were made from.
        """
        values = self.model_dump(mode="json")
        if values["augmentation"] is not None:
            values["augmentation"]["labels"] = "inherited"
        for stage in values["stages"]:
            stage["objectives"] = [HardLabelsConfig().model_dump(mode="json")]
        return Recipe.parse(values)

    def with_random_start(self) -> "Recipe":
        """Make the control whose student starts at random.

        Returns:
            The recipe with the same student from random weights.

        Raises:
            RecipeError: The student has no start that could be changed.
        """
        return self.model_copy(update={"student": self.student.with_random_start()})

    def with_base_start(self) -> "Recipe":
        """Make the control whose student knows nothing of a fine-tuned teacher.

        Returns:
            The recipe with the same student, started from the pre-trained `teacher.base`.

        Raises:
            RecipeError: The base is not given.
        """
        if self.teacher.base is None:
            raise RecipeError(
                "--baseline base-start: it starts from the pre-trained encoder that the teacher was fine-tuned from, "
                "and that is not given; pass it with --teacher-base."
            )
        return self.model_copy(update={"start_from": "base"})

    def plugin_fingerprints(self) -> dict[str, str | None]:
        """Hash the plug-ins that the recipe names and those that its parts and metrics come from.

        Returns:
            The hashes by name, sorted; None for what has no file.
        """
        parts: list[Config] = [self.student, *(objective for stage in self.stages for objective in stage.objectives)]
        parts += [] if self.augmentation is None else [self.augmentation.method]
        metrics = [metric for name, metric in own_metrics().items() if name in self.data.metrics]
        used = {name for each in (*map(type, parts), *metrics) if (name := plugin_of(each)) is not None}
        return {name: fingerprint_plugin(name) for name in sorted({*self.plugins, *used})}

    def to_json(self) -> dict[str, Any]:
        """Give the resolved recipe, all defaults and all plug-ins filled in, as JSON values."""
        return self.model_dump(mode="json") | {"plugins": list(self.plugin_fingerprints())}


def load_recipe(
    name: str | Path | Recipe,
    *,
    overrides: Overrides = (),
    ablations: Sequence[str] = (),
    fields: Mapping[str, Any] | None = None,
    shorthands: Shorthands | None = None,
) -> Recipe:
    """Load a recipe and change fields of it.

    Args:
        name: A shipped recipe's name, or a .toml or .json file (such as the `recipe.json` of a run), or a recipe.
        overrides: `path=value` texts, as for `override_fields`, or values by path; they have the last word.
        ablations: Names of ablations that the recipe's file holds, made together before the overrides.
        fields: Values by path, laid over the recipe before the ablations.
        shorthands: Fields by their short names, set after the ablations.

    Returns:
        The checked recipe.

    Raises:
        RecipeError: The recipe or an ablation does not exist, is not TOML or JSON, or a field is wrong.
    """
    file = (
        RecipeFile(name=name.name, values=name.to_json()) if isinstance(name, Recipe) else read_recipe_file(str(name))
    )
    require_plugins(file.values.get("plugins", ()), recipe=file.name)
    for path, value in (fields or {}).items():
        set_field(file.values, path, value)
    if ablations:
        for each, made in merge_ablations(file.find_ablations(ablations)).items():
            try:
                override_fields(file.values, made)
            except RecipeError as error:
                raise RecipeError(f"--ablation {each}: {error}") from None
        file.values["ablated"] = [*file.values.get("ablated", []), *ablations]
    for path, value in ({} if shorthands is None else shorthands.spell_out(file.values)).items():
        set_field(file.values, path, value)
    changes = list_overrides(overrides)
    for override in changes:
        _refuse_short_path(override, file.values)
    override_fields(file.values, changes)
    return Recipe.parse(file.values)


def _refuse_short_path(override: str, values: Mapping[str, Any]) -> None:
    """Name the whole path where only its end is given."""
    name = override.partition("=")[0].strip()
    if name not in Recipe.model_fields and (found := [path for path, _ in list_fields(values) if _ends(path, name)]):
        raise RecipeError(f"--set {override}: no such field. Did you mean '{found[-1]}'?")


def _ends(path: str, name: str) -> bool:
    return "." in path and "." not in name and path.rpartition(".")[2] == name


def read_run_data(path: str | Path) -> DataConfig:
    """Read what the recipe of a run says about its data; all else is not looked at, and needs no plug-in.

    Args:
        path: The run's `recipe.json`.

    Returns:
        Its `data`.

    Raises:
        RecipeError: The file is damaged, or a field is wrong.
    """
    return DataConfig.parse(read_recipe_file(str(path)).values.get("data", {}), path="data")
