"""What a program calls: `distill`, `finetune` and `pretrain`, the same pipeline as the command line."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import count, takewhile
from pathlib import Path
from typing import Any

from potstill.data import Given, keep_data
from potstill.errors import RecipeError
from potstill.files import expand_user
from potstill.hub import keep_model
from potstill.pipeline.begun import locate
from potstill.pipeline.claims import claim, claim_first
from potstill.pipeline.dry_run import DryRun, plan_on_paper
from potstill.pipeline.general_run import GeneralRun, run_general
from potstill.pipeline.given import RecipeLike, name_examples, name_files, name_models, name_texts, place_for
from potstill.pipeline.run import Run, run_recipe
from potstill.processes import agree, choose_device
from potstill.progress import ProgressCallback, SilentCallback
from potstill.recipe import Recipe, load_recipe
from potstill.recipes import Overrides, Shorthands
from potstill.run_folder import RunFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """A recipe with all that was asked for, read and checked once, and where it will run.

    Attributes:
        recipe: The recipe.
        folder: The run folder.
        is_resumed: Whether an unfinished run is to be taken up.
        base: The name that the folder has, or has with a number; absent: the folder was given, and is no other.
    """

    recipe: Recipe
    folder: Path
    is_resumed: bool = False
    base: Path | None = None

    @contextmanager
    def claimed(self) -> Generator["PlannedRun"]:
        """Keep the folder, or the first that is free, for the process.

        Yields:
            The plan with the folder that was taken.

        Raises:
            RunError: Another process has the folder, or it cannot be used.
        """
        with ExitStack() as stack:
            folder = self.folder if self.base is None else stack.enter_context(claim_first(self.base))
            stack.enter_context(claim(RunFolder(path=folder), resume=self.is_resumed))
            yield replace(self, folder=folder, base=None)

    @property
    def is_on_text(self) -> bool:
        """Whether only stages on plain text can run, as nothing says which task the others are for."""
        data = self.recipe.data
        return bool(self.recipe.corpus_stages) and data.task is None and data.path is None

    def distil(self, *, baselines: Sequence[str] = (), callback: ProgressCallback | None = None) -> Run:
        """Run it on its task.

        Args:
            baselines: Controls to train beside the student.
            callback: Draws progress; absent: silence.

        Returns:
            The finished run.

        Raises:
            PotstillError: Something the user can mend; the message says how.
        """
        if self.is_on_text:
            raise RecipeError(
                f"recipe '{self.recipe.name}' has stages on plain text, and nothing says on which task the others run; "
                "give 'task' or 'data', or call 'pretrain' for plain text alone."
            )
        with self.claimed() as run:
            return run_recipe(run.recipe, run.folder, baselines=baselines, resume=run.is_resumed, callback=callback)

    def preview(self, *, baselines: Sequence[str] = (), callback: ProgressCallback | None = None) -> DryRun:
        """Say what it would do and take, and leave nothing behind.

        Args:
            baselines: Controls that would be trained beside the student.
            callback: Draws progress; absent: silence.

        Returns:
            Plan, sizes, time and disk.

        Raises:
            RecipeError: It has nothing but stages on plain text, or something in the recipe is wrong.
            PotstillError: Data, a model or the folder cannot be used.
        """
        if self.is_on_text:
            raise RecipeError("--dry-run: plans a run on a task; give one with --task or --data.")
        if self.base is None:
            RunFolder(path=self.folder).check_writable(resume=self.is_resumed)
        return plan_on_paper(self.recipe, self.folder, baselines, callback or SilentCallback())

    def pretrain(self, *, callback: ProgressCallback | None = None) -> GeneralRun:
        """Run its stages on plain text.

        Args:
            callback: Draws progress; absent: silence.

        Returns:
            The finished run.

        Raises:
            PotstillError: Something the user can mend; the message says how.
        """
        with self.claimed() as run:
            return run_general(run.recipe, run.folder, resume=run.is_resumed, callback=callback)


def plan_run(
    name: RecipeLike,
    fields: Mapping[str, Any],
    *,
    shorthands: Shorthands | None = None,
    overrides: Overrides = (),
    ablations: Sequence[str] = (),
    out: str | Path | None = None,
    resume: bool = False,
) -> PlannedRun:
    """Read a recipe once, with all that was asked for, and choose its folder.

    Args:
        name: A shipped recipe's name, a recipe file or a recipe; the `recipe.json` of a run repeats that run.
        fields: Values by their paths in the recipe, as `name_fields` gives them.
        shorthands: Fields by their short names.
        overrides: Changes by path, which have the last word.
        ablations: Named changes that the recipe's file holds.
        out: The run folder; absent: that of `RUN/recipe.json`, else a new one under `runs/`, or to resume the last that
            is not finished.
        resume: Take up an unfinished run.

    Returns:
        What will run, and where.

    Raises:
        RecipeError: The recipe does not exist, or a field of it is wrong.
    """
    recipe = load_recipe(name, overrides=overrides, ablations=ablations, fields=fields, shorthands=shorthands)
    file = expand_user("" if isinstance(name, Recipe) else str(name))
    if file.name == "recipe.json" and file.is_file():
        recipe = locate(recipe, RunFolder(path=file.parent))
    if out is not None or file.name == "recipe.json":
        return PlannedRun(recipe=recipe, folder=file.parent if out is None else expand_user(out), is_resumed=resume)
    base = Path("runs") / "-".join(part for part in (recipe.name, *recipe.ablated, recipe.data.task) if part)
    folder = _choose_folder(base, resume=resume)
    return PlannedRun(recipe=recipe, folder=folder, is_resumed=resume, base=None if resume else base)


def name_fields(
    data: Mapping[str, object],
    *,
    teacher: str | Sequence[str] | None = None,
    teacher_base: str | None = None,
    corpus: Sequence[str] = (),
    general: str | None = None,
    unlabeled: Sequence[str] = (),
    answers: str | None = None,
) -> dict[str, Any]:
    """Say which fields of a recipe the arguments of a call stand for.

    Args:
        data: `task`, `data`, `text`, `text_pair`, `label` and `labels`, as in `distill`; None, or empty, where it was
            not given.
        teacher: As in `distill`.
        teacher_base: As in `distill`.
        corpus: As in `distill`.
        general: As in `distill`.
        unlabeled: As in `distill`.
        answers: `teacher_answers` in `distill`.

    Returns:
        Values by path; what was not given is left out.
    """
    names = (teacher,) if isinstance(teacher, str) else tuple(teacher or ())
    several = {"teacher.model": None, "teacher.models": list(names)}
    fields = {
        "teacher.base": teacher_base,
        "teacher.answers": answers,
        **{f"data.{'path' if name == 'data' else name}": value for name, value in data.items() if value != ()},
        "data.corpus.paths": tuple(corpus) or None,
        "data.unlabeled": tuple(unlabeled) or None,
        "general": general,
    }
    given = {path: value for path, value in fields.items() if value is not None}
    return ({"teacher.model": names[0], "teacher.models": []} if len(names) == 1 else several if names else {}) | given


def distill(
    recipe: RecipeLike = "house",
    *,
    teacher: object = None,
    teacher_answers: Given = None,
    base: object = None,
    teacher_base: object = None,
    task: str | None = None,
    data: Given = None,
    text: str | None = None,
    text_pair: str | None = None,
    label: str | None = None,
    labels: Sequence[str] = (),
    unlabeled: Given = None,
    corpus: object = None,
    general: object = None,
    dev: Given = None,
    test: Given = None,
    seed: int | None = None,
    epochs: int | float | None = None,
    batch_size: int | None = None,
    learning_rate: int | float | None = None,
    max_length: int | None = None,
    precision: str | None = None,
    device: str | None = None,
    out: str | Path | None = None,
    overrides: Overrides = (),
    ablations: Sequence[str] = (),
    baselines: Sequence[str] = (),
    resume: bool = False,
    callback: ProgressCallback | None = None,
) -> Run:
    """Distil a teacher into a student, and measure what it cost and what it bought.

    What is given in memory is kept by its content in the folder `given/` beside the run, so that `resume` and
    `recipe.json` find it again.

    Args:
        recipe: A shipped recipe's name, a recipe file, the `recipe.json` of a run, which repeats that run, or a
            `Recipe`.
        teacher: A fine-tuned classifier: folder, finished run folder, hub name, a pair `(model, tokenizer)`, or a
            pipeline of transformers; or a list of several, an ensemble.
        teacher_answers: What a teacher said that does not run here: a table of texts with a label, a score,
            probabilities, log-probabilities or votes; a file, or any form of `data`.
        base: A pre-trained encoder, in any form of `teacher`: fine-tuned into the teacher first, where none is given;
            where a teacher's answers are given, the student starts from it.
        teacher_base: The same.
        task: A known task, such as `sst-2`.
        data: A file, a folder or a hub name; or the examples: a list of `(text, label)`, a list of dicts, a dict of
            columns, a DataFrame, a `datasets.Dataset`, or these by the name of their split, as in a `DatasetDict`.
        text: Column of the text, for own data.
        text_pair: Column of the second text.
        label: Column of the label.
        labels: The classes in the order of the teacher's labels, where these have other names, or of the indices that
            stand in the data.
        unlabeled: Texts without labels to learn from the teacher on: files, folders, names of data sets, a list of
            texts, or any form of `data`.
        corpus: Plain text for the stages that read it: files, folders or names of data sets.
        general: A student that has been through these stages already; takes the place of `corpus`.
        dev: A file, a split, or any form of `data`, to measure on.
        test: The same, with labels, to measure on once at the end.
        seed: As `--seed` on the command line, which says what it sets.
        epochs: As `--epochs`.
        batch_size: As `--batch-size`.
        learning_rate: As `--learning-rate`.
        max_length: As `--max-length`.
        precision: As `--precision`.
        device: `cpu`, or an accelerator of this machine, such as `cuda:1`, from now on in this process.
        out: The run folder; absent: a new folder under `runs/`.
        overrides: Changes of the recipe: values by path, such as `{"student.num_layers": 3}`, or `path=value` texts, as
            `--set` on the command line.
        ablations: Named changes that the recipe's file holds, as `--ablation` on the command line.
        baselines: Controls to train beside the student: names of `potstill.controls`, such as `hard-labels`.
        resume: Take up an unfinished run.
        callback: Draws progress, such as a `ConsoleCallback()`; absent: silence.

    Returns:
        The finished run: `run.student` is the student's folder, `run.results` what was measured.

    Raises:
        PotstillError: Something the user can mend; the message says how.
        RecipeError: The recipe has stages on plain text, and no task is given for the others.
    """
    place = place_for(recipe, out)
    examples = {"task": task, "data": data, "text": text, "text_pair": text_pair, "label": label, "labels": labels}
    teachers, base_name, general_name = name_models(teacher, teacher_base if base is None else base, general, place)
    fields = name_fields(
        name_examples(examples, place),
        teacher=teachers,
        teacher_base=base_name,
        answers=keep_data(teacher_answers, place, split="answers"),
        corpus=name_files(corpus),
        general=general_name,
        unlabeled=name_texts(unlabeled, place, column=text),
    )
    short: dict[str, Any] = {"seed": seed, "epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate}
    short |= {"max_length": max_length, "precision": precision}
    short |= name_examples({"dev": dev, "test": test}, place)
    if device is not None:
        choose_device(device)
    planned = plan_run(
        recipe,
        fields,
        shorthands=Shorthands.parse(short),
        overrides=overrides,
        ablations=ablations,
        out=out,
        resume=resume,
    )
    return planned.distil(baselines=baselines, callback=callback)


def finetune(
    model: object,
    *,
    task: str | None = None,
    data: Given = None,
    text: str | None = None,
    text_pair: str | None = None,
    label: str | None = None,
    labels: Sequence[str] = (),
    dev: Given = None,
    test: Given = None,
    seed: int | None = None,
    epochs: int | float | None = None,
    batch_size: int | None = None,
    learning_rate: int | float | None = None,
    max_length: int | None = None,
    precision: str | None = None,
    device: str | None = None,
    out: str | Path | None = None,
    overrides: Overrides = (),
    resume: bool = False,
    callback: ProgressCallback | None = None,
) -> Run:
    """Fine-tune a pre-trained encoder on a task, which makes it a teacher.

    Args:
        model: The encoder: folder, hub name, `minilm`, a pair `(model, tokenizer)`, or a pipeline of transformers.
        task: As in `distill`.
        data: As in `distill`.
        text: As in `distill`.
        text_pair: As in `distill`.
        label: As in `distill`.
        labels: As in `distill`.
        dev: As in `distill`.
        test: As in `distill`.
        seed: As in `distill`.
        epochs: As in `distill`.
        batch_size: As in `distill`.
        learning_rate: As in `distill`.
        max_length: As in `distill`.
        precision: As in `distill`.
        device: As in `distill`.
        out: As in `distill`.
        overrides: As in `distill`.
        resume: As in `distill`.
        callback: As in `distill`.

    Returns:
        The finished run; `run.student` is the fine-tuned model's folder.

    Raises:
        PotstillError: Something the user can mend; the message says how.
    """
    return distill(
        "teacher",
        teacher_base=model,
        task=task,
        data=data,
        text=text,
        text_pair=text_pair,
        label=label,
        labels=labels,
        dev=dev,
        test=test,
        seed=seed,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        max_length=max_length,
        precision=precision,
        device=device,
        out=out,
        overrides=overrides,
        resume=resume,
        callback=callback,
    )


def pretrain(
    model: object = None,
    *,
    recipe: RecipeLike = "pretrain",
    corpus: object = None,
    out: str | Path | None = None,
    overrides: Overrides = (),
    ablations: Sequence[str] = (),
    resume: bool = False,
    callback: ProgressCallback | None = None,
) -> GeneralRun:
    """Run the stages of a recipe that read plain text, without any task.

    Args:
        model: The pre-trained encoder that is trained further, followed, or whose tokenizer is used, as the recipe
            has it: folder, hub name, or `minilm`. Absent: the recipe's `teacher.base`.
        recipe: A shipped recipe's name or a recipe file with stages on a corpus. `pretrain` goes on with masked
            language modelling.
        corpus: Plain text: files, folders or names of data sets.
        out: As in `distill`.
        overrides: As in `distill`.
        ablations: As in `distill`.
        resume: As in `distill`.
        callback: As in `distill`.

    Returns:
        The finished run; `run.student` is the student's folder, `run.results` what was measured.

    Raises:
        PotstillError: Something the user can mend; the message says how.
    """
    place = place_for(recipe, out)
    fields = name_fields({}, teacher_base=keep_model(model, place), corpus=name_files(corpus))
    planned = plan_run(recipe, fields, overrides=overrides, ablations=ablations, out=out, resume=resume)
    return planned.pretrain(callback=callback)


def _choose_folder(base: Path, *, resume: bool) -> Path:
    """Choose the first free name, of a base and the same with numbers; to resume, the last unfinished one."""
    numbered = (base if number == 1 else base.with_name(f"{base.name}-{number}") for number in count(1))
    taken = list(takewhile(Path.exists, numbered))
    if resume and taken:
        unfinished = [folder for folder in taken if not RunFolder(path=folder).is_finished]
        return agree((unfinished or taken)[-1])
    return agree(base.with_name(f"{base.name}-{len(taken) + 1}") if taken else base)
