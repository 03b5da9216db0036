"""The commands that tell what there is: `recipes` and `tasks`."""

import re
import tomllib
from typing import Annotated

import typer

from potstill.cli.options import Ablations, AsJson, Plugins
from potstill.cli.output import make_console, print_json, print_list, print_table
from potstill.errors import RecipeError
from potstill.files import expand_user
from potstill.plugins import load_plugins

RECIPES_EXAMPLES = """
[bold]Examples[/]

  [dim]# a page to read: what is trained towards what, and what the fields mean[/]
  potstill recipes explain kd

  [dim]# a published system for a teacher of yours, without one of its parts[/]
  potstill recipes explain tinybert-4x312 --teacher my-teacher/ --ablation no-attn

  [dim]# a file to change; pass it to 'potstill distill my-recipe.toml'[/]
  potstill recipes show kd > my-recipe.toml

  [dim]# the same with what it takes over from another recipe, and every default[/]
  potstill recipes show tinybert-6x768 --resolved
"""

_RecipeName = Annotated[str, typer.Argument(metavar="RECIPE", help="A shipped recipe, a .toml file or a recipe.json.")]


def list_recipes(as_json: AsJson = False) -> None:
    """List the recipes that come with Potstill."""
    from potstill.recipe import load_recipe
    from potstill.recipes import read_recipe_file, shipped_recipes
    from potstill.results import Table, word_columns

    loaded = {name: load_recipe(name) for name in shipped_recipes()}
    ablations = {name: list(read_recipe_file(name).ablations) for name in loaded}
    if as_json:
        print_json(
            [
                {"name": name, "description": item.description, "paper": item.paper, "ablations": ablations[name]}
                for name, item in loaded.items()
            ]
        )
        return
    rows: list[tuple[str, ...]] = []
    heads = []
    for paper, names in _group({name: item.paper for name, item in loaded.items()}).items():
        heads.append(len(rows))
        rows.append(("", paper, ""))
        rows += [(name, loaded[name].description, ", ".join(ablations[name])) for name in names]
    columns = word_columns("recipe", "what it does", "ablations")
    table = Table(columns=columns, rows=tuple(rows), groups=frozenset(heads), strong_rows=frozenset(heads))
    print_table(table, has_frame=True)


def _group(papers: dict[str, str | None]) -> dict[str, list[str]]:
    """Put recipes together that come from one paper, whatever section they name."""
    groups: dict[str, list[str]] = {}
    for name, paper in papers.items():
        number = re.search(r"arXiv:[\d.]+", paper or "")
        groups.setdefault(number[0] if number else "", []).append(name)
    titles = {key: min((papers[name] or "no paper" for name in names), key=len) for key, names in groups.items()}
    return {titles[key]: groups[key] for key in sorted(groups, key=lambda key: (key != "", titles[key]))}


def show(
    recipe: _RecipeName,
    is_resolved: Annotated[
        bool,
        typer.Option(
            "--resolved", help="With every field, those of the recipe that it extends and all defaults among them."
        ),
    ] = False,
    plugins: Plugins = None,
    as_json: AsJson = False,
) -> None:
    """Print a recipe's file, comments and all."""
    from potstill.recipe import Recipe, load_recipe
    from potstill.recipes import read_recipe_file, read_shipped_recipe, shipped_recipes, to_toml

    load_plugins(plugins or ())
    if as_json:
        print_json(load_recipe(recipe).to_json() if is_resolved else read_recipe_file(recipe).values)
        return
    if is_resolved:
        resolved = load_recipe(recipe)
        text = to_toml(resolved.to_json())
        if Recipe.parse(tomllib.loads(text)).to_json() != resolved.to_json():
            raise RecipeError(
                f"recipe '{recipe}': a field of it is null, for which TOML has no word; see 'potstill recipes explain "
                f"{recipe} --json'."
            )
        typer.echo(text, nl=False)
        return
    if recipe in shipped_recipes():
        typer.echo(read_shipped_recipe(recipe), nl=False)
        return
    load_recipe(recipe)
    typer.echo(expand_user(recipe).read_text(encoding="utf-8"), nl=False)


def explain(
    recipe: _RecipeName,
    ablations: Ablations = None,
    teacher: Annotated[
        str | None,
        typer.Option(
            "--teacher", metavar="MODEL", help="Write layer maps and weights out for this model; left out: BERT-base."
        ),
    ] = None,
    plugins: Plugins = None,
    as_json: AsJson = False,
) -> None:
    """Explain a recipe, so that nobody has to read its paper first.

    The student with every weight counted, the stages with their losses and layer maps, what the fields mean and where
    their values come from, the ablations, and what was published.
    """
    from potstill.cli.explanation import print_explanation
    from potstill.recipe import load_recipe
    from potstill.recipes import read_recipe_file

    load_plugins(plugins or ())
    loaded = load_recipe(recipe, ablations=ablations or ())
    if as_json:
        print_json(loaded.to_json())
        return
    print_explanation(loaded, read_recipe_file(recipe), make_console(), teacher=teacher)


def tasks(as_json: AsJson = False) -> None:
    """List the tasks that Potstill knows, with their metrics and what they need."""
    from potstill.data import describe_tasks

    entries = describe_tasks()
    if as_json:
        print_json([entry.to_json() for entry in entries])
        return
    rows = (
        (entry.name, ", ".join(entry.answer.label_names) or "a score", ", ".join(entry.metrics), entry.needs)
        for entry in entries
    )
    print_list(("task", "predicts", "metrics, the first decides", "needs"), rows)
    make_console().print("Any other data: --data PATH --text COLUMN --label COLUMN, without --task.")
