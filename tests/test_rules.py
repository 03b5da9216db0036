"""Rules of the house that a machine can check."""

import ast
import inspect
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer

from potstill.cli import app
from potstill.recipe import load_recipe
from potstill.recipes import shipped_recipes

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "potstill"
MODULES = sorted(SOURCE.rglob("*.py"))
ROOMS = sorted(path.parent for path in SOURCE.glob("*/__init__.py"))
PAGES = sorted(
    [ROOT / "README.md", *SOURCE.rglob("README.md"), *(ROOT / "docs").glob("*.md"), ROOT / "CONTRIBUTING.md"]
)


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
    sections = re.findall(r"^(Args|Returns|Yields|Raises):$", told, re.M)
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


@pytest.mark.parametrize("room", [room for room in ROOMS if room.name != "cli"], ids=lambda room: room.name)
def test_a_room_has_a_page_of_its_own(room):
    assert (room / "README.md").is_file()


def test_the_package_exports_what_it_names():
    import potstill

    assert dir(potstill) == sorted(potstill.__all__)
    for name in potstill.__all__:
        assert getattr(potstill, name) is not None
    with pytest.raises(AttributeError, match="attribute nothing"):
        _ = potstill.nothing


def test_importing_the_package_does_not_wait_for_torch():
    code = "import sys, potstill; assert not {'torch', 'transformers', 'numpy', 'pydantic'} & set(sys.modules)"
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
