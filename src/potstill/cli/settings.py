"""The command `recipes settings`."""

from typing import Annotated

import typer

from potstill.cli.options import AsJson, Plugins
from potstill.cli.output import begin, print_json, print_list
from potstill.errors import RecipeError, did_you_mean


def settings(
    start: Annotated[
        str, typer.Argument(metavar="[PATH]", help="Only settings whose path begins so, such as data or student.")
    ] = "",
    plugins: Plugins = None,
    as_json: AsJson = False,
) -> None:
    """List every setting of a recipe, with what it takes and what it means; '--set PATH=VALUE' changes it."""
    from potstill.cli.setting_list import list_sections

    begin(plugins, None)
    found = [each for section in list_sections() for each in section.settings if each.path.startswith(start)]
    if not found:
        known = [each.path for section in list_sections() for each in section.settings]
        raise RecipeError(f"no setting begins with '{start}'.{did_you_mean(start, known)}")
    if as_json:
        print_json([{name: getattr(each, name) for name in ("path", "values", "default", "doc")} for each in found])
        return
    rows = [(each.path, each.values, each.default, each.doc) for each in found]
    print_list(("setting", "takes", "left out", "what it means"), rows)
