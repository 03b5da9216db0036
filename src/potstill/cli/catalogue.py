"""The commands that tell what there is: `recipes` and `tasks`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from potstill.cli.options import AsJson
from potstill.cli.output import make_console, print_json

__all__ = ["RECIPES_EXAMPLES", "explain", "list_recipes", "show", "tasks"]

RECIPES_EXAMPLES = """
[bold]Examples[/]

  [dim]# a page to read: what is trained towards what, and what the fields mean[/]
  potstill recipes explain kd

  [dim]# a file to change; pass it to 'potstill distill my-recipe.toml'[/]
  potstill recipes show kd > my-recipe.toml
"""

_RecipeName = Annotated[str, typer.Argument(metavar="RECIPE", help="A shipped recipe, a .toml file or a recipe.json.")]


def list_recipes(as_json: AsJson = False) -> None:
    """List the recipes that come with Potstill."""
    from potstill.recipe import load_recipe, shipped_recipes

    loaded = [load_recipe(name) for name in shipped_recipes()]
    if as_json:
        print_json([{"name": item.name, "description": item.description, "paper": item.paper} for item in loaded])
        return
    table = Table("recipe", "what it does", "paper")
    for item in loaded:
        table.add_row(item.name, item.description, item.paper or "")
    make_console().print(table)


def show(recipe: _RecipeName) -> None:
    """Print a recipe's file, comments and all."""
    from potstill.recipe import load_recipe, read_shipped_recipe, shipped_recipes

    if recipe in shipped_recipes():
        typer.echo(read_shipped_recipe(recipe), nl=False)
        return
    load_recipe(recipe)
    typer.echo(Path(recipe).read_text(encoding="utf-8"), nl=False)


def explain(recipe: _RecipeName, as_json: AsJson = False) -> None:
    """Explain a recipe: its student, its stages with their losses, and what the fields mean."""
    from potstill.cli.explanation import print_explanation
    from potstill.recipe import load_recipe

    loaded = load_recipe(recipe)
    if as_json:
        print_json(loaded.to_json())
        return
    print_explanation(loaded, make_console())


def tasks(as_json: AsJson = False) -> None:
    """List the tasks that Potstill knows, with their metrics and what they need."""
    from potstill.data import describe_tasks

    entries = describe_tasks()
    if as_json:
        print_json([entry.to_json() for entry in entries])
        return
    table = Table("task", "predicts", "metrics, the first decides", "needs")
    for entry in entries:
        predicts = ", ".join(entry.label_names) if entry.label_names else "a score"
        table.add_row(entry.name, predicts, ", ".join(entry.metrics), entry.needs)
    make_console().print(table)
    make_console().print("Any other data: --data PATH --text COLUMN --label COLUMN, without --task.")
