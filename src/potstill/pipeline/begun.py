"""What a run was begun with, and what may have changed when it is taken up again."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import potstill
from potstill.data import find_sources
from potstill.errors import RunError
from potstill.evaluation import describe_environment
from potstill.files import expand_user, fingerprint_files, write_json
from potstill.hub import check_compiler, fingerprint_model
from potstill.pipeline.open_run import OpenRun, RunTeacher, Source
from potstill.pipeline.sources import TaskSource
from potstill.processes import is_main_process, process_state
from potstill.recipe import Recipe
from potstill.run_folder import RunFolder, tell_difference
from potstill.training import check_trackers

_MODELS = ("teacher.model", "teacher.models", "teacher.base", "general", "student.init.path")
_FILES = ("augmentation.method.masked_lm", "augmentation.method.vectors")
_EXAMPLES = ("data.path", "data.dev", "data.test", "data.unlabeled")
_CORPUS = ("data.corpus.paths",)
_ANEW = "or start the run anew in another folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What decides a run beside its seed: settings, content, code.

    Attributes:
        recipe: The recipe as JSON values; what it names is compared by content.
        content: Fingerprints by what they are of.
        plugins: Fingerprints of plug-ins by name.
        code: Versions of packages, and the fingerprint of Potstill's own code.
        folder: The working directory, from which relative names are meant.
    """

    recipe: Mapping[str, Any]
    content: Mapping[str, str]
    plugins: Mapping[str, str | None]
    code: Mapping[str, Any]
    folder: str

    def to_json(self) -> dict[str, Any]:
        """Give what the run folder keeps beside the recipe."""
        return {"content": self.content, "plugins": self.plugins, "code": self.code, "folder": self.folder}


def describe_beginning(recipe: Recipe, *, examples: str | None = None) -> Beginning:
    """Describe a run before anything is made for it; `examples` is the fingerprint of its task's data."""
    values = recipe.to_json()
    content = {} if examples is None else {"data": examples}
    for place, text in _texts(values, _MODELS):
        content[place] = fingerprint_model(text)
    for place, text in _texts(values, _FILES):
        content[place] = _of_file(text)
    if recipe.corpus_stages and recipe.general is None:
        sources = find_sources(recipe.data.corpus)
        parts = [source.name if source.path is None else fingerprint_files([source.path]) for source in sources]
        content[_CORPUS[0]] = hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]
    return Beginning(
        recipe=values,
        content=content,
        plugins=recipe.plugin_fingerprints(),
        code={"packages": describe_environment()["packages"], "potstill": _fingerprint_code()},
        folder=str(Path.cwd()),
    )


def check_beginning(folder: RunFolder, now: Beginning, note: Callable[[str], None]) -> None:
    """Refuse to go on where something that decides the student was changed; tell of what does no harm."""
    begun, recipe = folder.read_begun(), folder.read_recipe()
    if told := tell_difference(without_names(recipe), without_names(now.recipe)):
        raise RunError(
            f"'{folder.path}' was begun with {told}; resume it with 'potstill distill {folder.recipe} --resume' and no "
            f"other settings, {_ANEW}."
        )
    check_same(folder, begun.get("content", now.content), now.content, word="content of")
    check_same(folder, begun.get("plugins", now.plugins), now.plugins, word="text of the plug-in")
    code: Mapping[str, Any] = begun.get("code", now.code)
    if told := tell_difference(code, now.code):
        note(f"going on with other code than the run was begun with: {told.replace('is asked for', 'is here')}")


def check_same(folder: RunFolder, begun: Mapping[str, str | None], now: Mapping[str, str | None], *, word: str) -> None:
    """Refuse fingerprints that are not what they were."""
    for name in sorted(begun.keys() | now.keys()):
        was, is_now = begun.get(name), now.get(name)
        if was != is_now:
            raise RunError(
                f"'{folder.path}' was begun with another {word} {name}: its fingerprint was {was or 'none'} and is "
                f"{is_now or 'none'} now; bring back what it was, {_ANEW}."
            )


def check_tools(recipe: Recipe) -> None:
    """Refuse a tracker or a compiler that cannot be used."""
    check_trackers(recipe.tracking.trackers)
    if recipe.compile:
        check_compiler(process_state().device)


def open_folder(run: OpenRun[Source], beginning: Beginning, facts: Mapping[str, Any], *, is_resumed: bool) -> None:
    """Write what the run is: environment, beginning, whole recipe; hold the teacher of a resumed one against it."""
    if not is_main_process():
        return
    folder = run.folder
    made = {"teacher": teacher["fingerprint"]} if (teacher := facts.get("teacher")) else {}
    made |= {"unlabelled texts": transfer} if (transfer := facts.get("transfer")) else {}
    begun = beginning.to_json() | {"made": made}
    own = {"seed": run.recipe.seed, "precision": run.precision, "plugins": beginning.plugins}
    environment: dict[str, Any] = {**describe_environment(), **own, **facts}
    if is_resumed:
        before = folder.read_begun()
        check_same(folder, before.get("made", made), made, word="content of the")
        begun |= {name: before[name] for name in ("code", "plugins") if name in before}
        environment |= folder.read_environment() | {"baselines": facts.get("baselines", [])}
    write_json(folder.environment, environment, is_sealed=True)
    write_json(folder.begun, begun, is_sealed=True)
    write_json(folder.recipe, beginning.recipe, is_sealed=True)


def describe_facts(run: OpenRun[TaskSource], teacher: RunTeacher | None) -> dict[str, Any]:
    """Say what a report tells of data and teacher."""
    data = run.source.data
    return {
        "data_fingerprint": data.fingerprint,
        "transfer": run.source.transfer and run.source.transfer.folder.name,
        "num_train_examples": len(data.train),
        "teacher": teacher and teacher.identity,
        "is_pair": data.task.is_pair,
    }


def locate(recipe: Recipe, folder: RunFolder) -> Recipe:
    """Find from here what a run named from the working directory that it was begun in, but for what is named anew."""
    begun_in, stored = Path(folder.read_begun().get("folder", ".")), folder.read_recipe()
    values: dict[str, Any] = recipe.model_dump(mode="json")
    if begun_in.resolve() == Path.cwd().resolve():
        return recipe
    for path in (*_MODELS, *_FILES, *_EXAMPLES, *_CORPUS):
        *above, last = path.split(".")
        holder, theirs = _get(values, above), _get(stored, above)
        is_named = isinstance(holder, dict) and isinstance(theirs, dict) and holder.get(last) is not None
        if is_named and holder[last] == theirs.get(last):
            holder[last] = _from(begun_in, holder[last])
    return Recipe.parse(values)


def _get(values: Any, path: Sequence[str]) -> Any:  # noqa: ANN401 - JSON values
    for name in path:
        values = values.get(name) if isinstance(values, dict) else None
    return values


def _from(folder: Path, named: Any) -> Any:  # noqa: ANN401 - JSON values
    if isinstance(named, list):
        return [_from(folder, each) for each in named]
    is_there = isinstance(named, str) and not Path(named).is_absolute() and (folder / named).exists()
    return str(folder / named) if is_there else named


def _texts(values: Mapping[str, Any], paths: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for path in paths:
        found = _get(values, path.split("."))
        each = found if isinstance(found, list) else [found] if isinstance(found, str) else []
        yield from ((path if len(each) == 1 else f"{path}.{number}", text) for number, text in enumerate(each))


def _of_file(text: str) -> str:
    path = expand_user(text)
    if path.is_dir():
        return fingerprint_model(text)
    return fingerprint_files([path]) if path.is_file() else text


def without_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is compared by its content."""
    dropped = {tuple(path.split(".")) for path in (*_MODELS, *_FILES, *_EXAMPLES, *_CORPUS)}

    def strip(item: Any, place: tuple[str, ...]) -> Any:  # noqa: ANN401 - JSON values
        if not isinstance(item, dict):
            return item
        return {key: strip(value, (*place, key)) for key, value in item.items() if (*place, key) not in dropped}

    stripped: dict[str, Any] = strip(values, ())
    return stripped


def _fingerprint_code() -> str:
    own = Path(potstill.__file__).parent
    total = hashlib.sha256()
    for path in sorted(own.rglob("*.py")):
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]
