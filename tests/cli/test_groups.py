from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from potstill.cli.groups import with_groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    city: Annotated[str, typer.Option("--city")]
    street: Annotated[str | None, typer.Option("--street")] = None


@pytest.mark.parametrize("given", [["--city", "Ulm"], ["--street", "Gasse", "--city", "Ulm", "--loud"]])
def test_a_group_stands_for_its_options(given):
    heard = []
    app = typer.Typer()

    @app.command()
    @with_groups
    def visit(name: str, place: Place, is_loud: Annotated[bool, typer.Option("--loud")] = False) -> None:
        heard.append((name, place, is_loud))

    outcome = CliRunner().invoke(app, ["Ada", *given])
    assert outcome.exit_code == 0, outcome.output
    street = "Gasse" if "--street" in given else None
    assert heard == [("Ada", Place(city="Ulm", street=street), "--loud" in given)]
    assert "--city" in CliRunner().invoke(app, ["--help"]).output
