"""Rules of the house that a machine can check."""

import ast
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer

from potstill.cli import app
from potstill.recipe import load_recipe, shipped_recipes

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
        r"^  (potstill .*)$", "\n".join(map(Path.read_text, sorted(SOURCE.glob("cli/*.py")))), re.M
    ):
        found.append(example)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_module_says_in_order_what_is_public(path):
    tree = read_tree(path)
    public = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    names = read_all(tree)
    if names is None:
        assert path.name == "__main__.py" or not [name for name in public if not name.startswith("_")]
        return
    assert names == sorted(names)
    assert len(set(names)) == len(names)
    assert set(names) <= top_level_names(tree)


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_exports_what_it_names(room):
    module = import_module(f"potstill.{room.name}")
    assert list(module.__all__) == sorted(module.__all__)
    for name in module.__all__:
        assert hasattr(module, name)


@pytest.mark.parametrize(
    "room", [room for room in ROOMS if room.name not in ("cli", "pipeline")], ids=lambda room: room.name
)
def test_a_room_has_a_page_of_its_own(room):
    assert (room / "README.md").is_file()


def test_the_package_exports_what_it_names():
    import potstill

    assert dir(potstill) == sorted(potstill.__all__)
    for name in potstill.__all__:
        assert getattr(potstill, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
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
