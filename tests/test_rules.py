"""Rules of the house that a machine can check."""

import ast
import configparser
import inspect
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest
import typer

from potstill.cli import app
from potstill.config import Config
from potstill.recipe import load_recipe
from potstill.recipes import shipped_recipes
from potstill.results import Record

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "potstill"
MODULES = sorted(SOURCE.rglob("*.py"))
ROOMS = sorted(path.parent for path in SOURCE.glob("*/__init__.py"))
PAGES = sorted(
    [ROOT / "README.md", *SOURCE.rglob("README.md"), *(ROOT / "docs").glob("*.md"), ROOT / "CONTRIBUTING.md"]
)

BEYOND_A_SIZE = {
    "answers/answer.py": "the frame of every kind of answer, with a sentence on each member",
    "pipeline/api.py": "a line of documentation for every option of three commands",
    "recipe.py": "one record: all configs, with the checks between them",
    "tensors.py": "the records that travel between rooms, each with the shapes of its fields",
    "architectures/bilstm_config.py:__init__": "transformers makes a config from its fields",
    "data/records.py:task_data": "joins what `TaskData` holds",
    "hub/building.py:build_distilbert": "three places of dropout",
    "hub/capture.py:_recording_sdpa": "transformers calls it",
    "hub/exporting.py:_plain_attention": "transformers calls it",
    "hub/exporting.py:_plain_mask": "transformers calls it",
    "pipeline/augmenting.py:_make": "what two commands have in common",
    "serving/classifier.py:predict": "one parameter an option, as the commands",
    "serving/export.py:export_onnx": "a model, what it is measured on, and where it goes",
    "teachers/trial.py:try_states": "tries what a store and a teacher do",
    "training/loop.py:__init__": "what meets in a stage",
    "training/loop.py:train_stage": "what meets in a stage, and where it begins",
}
"""What is larger than the sizes allow, and why."""
BUILDS = ("build", "fill", "make_table", "tag")
"""How a config becomes what it stands for: most are built, a start fills, vectors make a table, a tagger tags."""
SECTION = r"^(Args|Returns|Yields|Raises):$"


def read_tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def read_all(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            return ast.literal_eval(node.value)
    return None


def top_level_names(tree: ast.Module) -> set[str]:
    """Names that are defined, assigned or imported in a module, also under `if TYPE_CHECKING`."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.Import() | ast.ImportFrom():
                names.update(alias.asname or alias.name for alias in node.names)
            case ast.Assign():
                names.update(ast.unparse(target) for target in node.targets)
            case ast.AnnAssign():
                names.add(ast.unparse(node.target))
    return names


def committed_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git repository")
    return [path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def documented_commands() -> list[str]:
    """Lines of code blocks that begin with `potstill`, over all pages and the command's own examples."""
    found = []
    for page in PAGES:
        for block in re.findall(
            r"^ *```(?:sh|console|bash)\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.M | re.S
        ):
            found += re.findall(r"^\s*(?:\$ )?(?:\S+ \| )?(potstill .*)$", block.replace("\\\n", " "), re.M)
    for example in re.findall(
        r"^  (potstill .*)$",
        "\n".join(path.read_text(encoding="utf-8") for path in sorted(SOURCE.glob("cli/*.py"))),
        re.M,
    ):
        found.append(example)
    return found


def test_only_a_room_says_what_is_public():
    named = [path for path in MODULES if path.name != "__init__.py" and read_all(read_tree(path)) is not None]
    assert named == []


def test_a_room_is_entered_through_what_it_exports():
    rooms = {room.name for room in ROOMS}
    past = []
    for path in MODULES:
        own = path.relative_to(SOURCE).parts[0]
        for node in ast.walk(read_tree(path)):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("potstill."):
                continue
            room, *inside = node.module.split(".")[1:]
            if room in rooms and room != own and inside and path != SOURCE / "__init__.py":
                past.append(f"{path.relative_to(SOURCE)}: {node.module}")
    assert past == []


def exports() -> list[tuple[str, object]]:
    """What rooms and modules of one file offer: functions, classes and the public methods that these classes write."""
    found = []
    rooms = [import_module(f"potstill.{room.name}") for room in ROOMS]
    modules = [import_module(f"potstill.{path.stem}") for path in SOURCE.glob("[!_]*.py")]
    named = [getattr(room, name) for room in rooms for name in room.__all__]
    for module in modules:
        named += [item for name, item in vars(module).items() if not name.startswith("_")]
    for item in named:
        if not callable(item) or not getattr(item, "__module__", "").startswith("potstill."):
            continue
        found.append((f"{item.__module__}.{item.__qualname__}", item))
        for name, method in vars(item).items() if inspect.isclass(item) else ():
            if inspect.isfunction(method) and not name.startswith("_") and method.__doc__:
                found.append((f"{item.__module__}.{method.__qualname__}", method))
    return list(dict(found).items())


@pytest.mark.parametrize("item", [pytest.param(item, id=name) for name, item in exports() if inspect.isfunction(item)])
def test_an_exported_function_says_what_goes_in_and_comes_out(item):
    told, signature = inspect.cleandoc(item.__doc__ or ""), inspect.signature(item)
    sections = re.findall(SECTION, told, re.M)
    names = [name for name in signature.parameters if name not in ("self", "cls")]
    if len(told.splitlines()) > 1 and (names or sections):
        missing = [name for name in names if not re.search(rf"^    \*{{0,2}}{name}( \(.*\))?:", told, re.M)]
        assert missing == [], told


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_exports_what_it_names(room):
    module = import_module(f"potstill.{room.name}")
    assert list(module.__all__) == sorted(module.__all__)
    for name in module.__all__:
        assert hasattr(module, name)


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def told_lines(node: ast.FunctionDef | ast.ClassDef) -> int:
    return node.body[0].end_lineno - node.body[0].lineno + 1 if ast.get_docstring(node) is not None else 0


def num_parameters(node: ast.FunctionDef) -> int:
    named = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return len([each for each in named if each.arg not in ("self", "cls")])


def test_files_and_functions_are_small_but_for_a_few():
    offered = {name: read_all(read_tree(SOURCE / name / "__init__.py")) for name in ("pipeline", "suites")}
    beyond = set()
    for path in MODULES:
        place, room = path.relative_to(SOURCE).as_posix(), path.relative_to(SOURCE).parts[0]
        if len(path.read_text(encoding="utf-8").splitlines()) > 250:
            beyond.add(place)
        for node in functions(read_tree(path)):
            is_command = room == "cli" and not node.name.startswith("_")
            has_options = is_command or node.name in (offered.get(room) or ())
            begin = node.body[0].lineno if has_options else node.lineno
            is_long = node.end_lineno - begin + 1 - told_lines(node) > 40
            is_wide = num_parameters(node) > 5 and not has_options and node.name != "forward"
            if is_long or is_wide:
                beyond.add(f"{place}:{node.name}")
    assert beyond == set(BEYOND_A_SIZE)


def test_only_what_a_room_exports_explains_its_arguments():
    known = {name for name, _ in exports()}
    told = []
    for path in MODULES:
        module = ".".join(["potstill", *path.relative_to(SOURCE).with_suffix("").parts]).removesuffix(".__init__")
        tree = read_tree(path)
        classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        owners = {id(node): each.name for each in classes for node in each.body}
        for node in functions(tree):
            name = f"{module}.{owners.get(id(node), node.name)}"
            if name not in known and re.search(SECTION, ast.get_docstring(node) or "", re.M):
                told.append(f"{name} {node.name}")
    assert told == []


def test_a_method_leaves_its_arguments_to_the_base_that_explains_them():
    again = []
    for name, item in exports():
        bases = item.__mro__[1:] if inspect.isclass(item) else ()
        ours = [base for base in bases if base.__module__.startswith("potstill.")]
        for method, written in vars(item).items():
            is_theirs = any(inspect.isfunction(vars(base).get(method)) for base in ours)
            if is_theirs and method != "__init__" and re.search(SECTION, inspect.getdoc(written) or "", re.M):
                again.append(f"{name}.{method}")
    assert again == []


def all_configs(base: type[Config] = Config) -> Iterator[type[Config]]:
    for each in base.__subclasses__():
        yield each
        yield from all_configs(each)


def test_a_config_with_a_kind_makes_a_thing_and_a_group_of_settings_makes_none():
    for path in MODULES:
        if path.stem not in ("__main__", "__init__"):
            import_module(".".join(["potstill", *path.relative_to(SOURCE).with_suffix("").parts]))
    wrong = []
    for config in all_configs():
        if not config.__module__.startswith("potstill.") or inspect.isabstract(config):
            continue
        if config.__module__.startswith("potstill.results.") or issubclass(config, Record):
            continue
        kind = config.model_fields.get("kind")
        stands_for = kind is not None and len(get_args(kind.annotation)) == 1
        if stands_for != any(hasattr(config, name) for name in BUILDS):
            wrong.append(config.__qualname__)
    assert wrong == []


def test_the_page_of_the_architecture_lists_the_rooms_in_their_order():
    settings = configparser.ConfigParser()
    settings.read(ROOT / ".importlinter", encoding="utf-8")
    layers = settings["importlinter:contract:flow"]["layers"].strip().splitlines()
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    block = re.search(r"^## The rooms\n.*?^```\w*\n(.*?)^```", page, re.M | re.S)
    assert block is not None
    heads = [re.split(r" {2,}", line.strip())[0] for line in block[1].splitlines() if re.match(r" ?\w", line)]
    listed = [[name.strip() for name in head.split("|")] for head in heads]
    assert listed == [[name.strip() for name in layer.split("|")] for layer in layers]


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_has_a_page_of_its_own_that_names_what_there_is(room):
    page = (room / "README.md").read_text(encoding="utf-8")
    code = "\n".join(path.read_text(encoding="utf-8") for path in MODULES)
    words = set(re.findall(r"\w+", code)) | {path.stem for path in MODULES}
    missing = []
    for name in set(re.findall(r"`([^`\s]+)`", page)):
        if re.fullmatch(r"[\w/*]+\.py", name):
            is_there = any(list(base.glob(name)) for base in (room, SOURCE, ROOT))
        elif re.fullmatch(r"potstill(\.\w+)+", name):
            inside = SOURCE.joinpath(*name.split(".")[1:])
            is_there = inside.is_dir() or inside.with_suffix(".py").is_file()
        elif re.fullmatch(r"[A-Z]\w*|[a-z]+(_\w+)+", name):
            is_there = name in words
        else:
            is_there = True
        missing += [] if is_there else [name]
    assert missing == []


def test_the_package_exports_what_it_names():
    import potstill

    assert dir(potstill) == sorted(potstill.__all__)
    for name in potstill.__all__:
        assert getattr(potstill, name) is not None
    with pytest.raises(AttributeError, match="attribute nothing"):
        _ = potstill.nothing


def test_importing_the_package_does_not_wait_for_torch():
    slow = {"torch", "transformers", "numpy", "pydantic", "importlib.metadata", "rich", "typer", "asyncio"}
    code = f"import sys, potstill; assert not {slow} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", shipped_recipes())
def test_a_shipped_recipe_loads_and_is_called_like_its_file(name):
    recipe = load_recipe(name)
    assert recipe.name == name
    assert type(recipe).parse(recipe.to_json()) == recipe


@pytest.mark.parametrize("line", documented_commands())
def test_a_documented_command_is_one_that_exists(line):
    words = [word for word in shlex.split(line.partition(" #")[0].partition(" > ")[0])[1:] if word not in ("...", "…")]
    command = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    if not words and hasattr(command, "commands"):
        return
    with command.make_context("potstill", words, resilient_parsing=False):
        pass


def test_documents_name_commands():
    assert len(documented_commands()) > 10


def test_no_module_postpones_its_annotations():
    line = "from __future__ import " + "annotations"
    assert [path for path in MODULES if line in path.read_text(encoding="utf-8")] == []


def test_committed_text_names_no_place_on_one_machine():
    homes = "|".join(
        ["/ho" + "me/", "/ro" + "ot/", "/Us" + "ers/", "/wo" + "rk/", "/tm" + "p/", r"[A-Z]:\\\\Us" + "ers"]
    )
    places = re.compile(rf"(?<![\w.~}}]){homes}")
    named = []
    for path in committed_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        named += [f"{path.relative_to(ROOT)}: {found[0]}" for found in places.finditer(text)]
    assert named == []


def test_committed_settings_name_no_package_registry():
    host = re.compile(r"--(extra-)?index-url|--find-links|PIP_INDEX|pypi\.org|https?://[^\s\"']*/simple")
    settings = [
        path
        for path in committed_files()
        if path.suffix in (".toml", ".txt", ".yaml", ".yml", "") or path.name == "Makefile"
    ]
    assert [path for path in settings if path.name != "LICENSE" and host.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    "path", sorted([*ROOT.glob("benchmarks/*.py"), *ROOT.glob("scripts/*.py")]), ids=lambda path: path.name
)
def test_a_benchmark_imports_what_there_is(path):
    for node in ast.walk(read_tree(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "potstill":
            module = import_module(node.module)
            assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == [], node.module


def test_a_type_has_one_home():
    homes: dict[str, list[str]] = {}
    for path in MODULES:
        for node in read_tree(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(str(path.relative_to(SOURCE)))
    assert {name: places for name, places in homes.items() if len(places) > 1} == {}
