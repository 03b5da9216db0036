"""What a program calls: `distill`, `finetune` and `pretrain`, the same pipeline as the command line."""

from collections.abc import Sequence
from itertools import count, takewhile
from pathlib import Path
from typing import Any

from potstill.errors import RecipeError
from potstill.files import expand_user
from potstill.pipeline.run import GeneralRun, Run, run_general, run_recipe
from potstill.processes import agree
from potstill.progress import Observer
from potstill.recipe import Recipe, load_recipe
from potstill.run_folder import RunFolder


def distill(
    recipe: str = "kd",
    *,
    teacher: str | Sequence[str] | None = None,
    teacher_base: str | None = None,
    task: str | None = None,
    data: str | None = None,
    text: str | None = None,
    text_pair: str | None = None,
    label: str | None = None,
    corpus: Sequence[str] = (),
    general: str | None = None,
    out: str | Path | None = None,
    overrides: Sequence[str] = (),
    ablations: Sequence[str] = (),
    baselines: Sequence[str] = (),
    resume: bool = False,
    observer: Observer | None = None,
) -> Run:
    """Distil a teacher into a student, and measure what it cost and what it bought.

    Args:
        recipe: A shipped recipe's name or a recipe file; the `recipe.json` of a run repeats that run.
        teacher: A fine-tuned classifier: folder, finished run folder or hub name; or several, an ensemble.
        teacher_base: A pre-trained encoder to fine-tune into the teacher first, where no `teacher` is given.
        task: A known task, such as `sst-2`.
        data: Data file, folder or hub name.
        text: Column of the text, for own data.
        text_pair: Column of the second text.
        label: Column of the label.
        corpus: Plain text for the stages that read it: files, folders or names of data sets.
        general: A student that has been through these stages already; takes the place of `corpus`.
        out: The run folder; absent: a new folder under `runs/`.
        overrides: `path=value` changes of the recipe, as `--set` on the command line.
        ablations: Named changes that the recipe's file holds, as `--ablation` on the command line.
        baselines: Controls to train beside the student: names of `potstill.controls`, such as `hard-labels`.
        resume: Take up an unfinished run.
        observer: Draws progress; absent: silence.

    Returns:
        The finished run: `run.student` is the student's folder, `run.results` what was measured.

    Raises:
        PotstillError: Something the user can mend; the message says how.
        RecipeError: The recipe has stages on plain text, and no task is given for the others.
    """
    fields = {
        "teacher.base": teacher_base,
        "data.task": task,
        "data.path": data,
        "data.text": text,
        "data.text_pair": text_pair,
        "data.label": label,
        "data.corpus.paths": tuple(corpus) or None,
        "general": general,
    }
    given = _name_teachers(teacher) | {path: value for path, value in fields.items() if value is not None}
    loaded = load_recipe(recipe, overrides=overrides, ablations=ablations, fields=given)
    if loaded.corpus_stages and loaded.data.task is None and loaded.data.path is None:
        raise RecipeError(
            f"recipe '{loaded.name}' has stages on plain text, and nothing says on which task the others run; give "
            "'task' or 'data', or call 'pretrain' for plain text alone."
        )
    where = expand_user(out) if out is not None else default_folder(recipe, loaded, resume=resume)
    return run_recipe(loaded, where, baselines=baselines, resume=resume, observer=observer)


def finetune(
    model: str,
    *,
    task: str | None = None,
    data: str | None = None,
    text: str | None = None,
    text_pair: str | None = None,
    label: str | None = None,
    out: str | Path | None = None,
    overrides: Sequence[str] = (),
    resume: bool = False,
    observer: Observer | None = None,
) -> Run:
    """Fine-tune a pre-trained encoder on a task, which makes it a teacher.

    Args:
        model: The encoder: folder, hub name, or `minilm`.
        task: As in `distill`.
        data: As in `distill`.
        text: As in `distill`.
        text_pair: As in `distill`.
        label: As in `distill`.
        out: As in `distill`.
        overrides: As in `distill`.
        resume: As in `distill`.
        observer: As in `distill`.

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
        out=out,
        overrides=overrides,
        resume=resume,
        observer=observer,
    )


def _name_teachers(teacher: str | Sequence[str] | None) -> dict[str, Any]:
    """Say which fields of a recipe name one teacher, or several."""
    names = (teacher,) if isinstance(teacher, str) else tuple(teacher or ())
    if not names:
        return {}
    is_one = len(names) == 1
    return {"teacher.model": names[0] if is_one else None, "teacher.models": [] if is_one else list(names)}


def pretrain(
    model: str | None = None,
    *,
    recipe: str = "pretrain",
    corpus: Sequence[str] = (),
    out: str | Path | None = None,
    overrides: Sequence[str] = (),
    ablations: Sequence[str] = (),
    resume: bool = False,
    observer: Observer | None = None,
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
        observer: As in `distill`.

    Returns:
        The finished run; `run.student` is the student's folder, `run.results` what was measured.

    Raises:
        PotstillError: Something the user can mend; the message says how.
    """
    fields = {"teacher.base": model, "data.corpus.paths": tuple(corpus) or None}
    given = {path: value for path, value in fields.items() if value is not None}
    loaded = load_recipe(recipe, overrides=overrides, ablations=ablations, fields=given)
    where = expand_user(out) if out is not None else default_folder(recipe, loaded, resume=resume)
    return run_general(loaded, where, resume=resume, observer=observer)


def default_folder(name: str, recipe: Recipe, *, resume: bool = False) -> Path:
    """Choose the run folder where the user names none.

    Args:
        name: What the user called the recipe.
        recipe: The recipe.
        resume: Whether an unfinished run is to be taken up.

    Returns:
        The folder of `RUN/recipe.json`, else the first free name under `runs/`; to resume, the last such folder that
        is not finished, or else the last one.
    """
    file = expand_user(name)
    if file.name == "recipe.json":
        return file.parent
    base = Path("runs") / "-".join(part for part in (recipe.name, *recipe.ablated, recipe.data.task) if part)
    numbered = (base if number == 1 else base.with_name(f"{base.name}-{number}") for number in count(1))
    taken = list(takewhile(Path.exists, numbered))
    if resume and taken:
        unfinished = [folder for folder in taken if not RunFolder(path=folder).is_finished]
        return agree((unfinished or taken)[-1])
    return agree(base.with_name(f"{base.name}-{len(taken) + 1}") if taken else base)
