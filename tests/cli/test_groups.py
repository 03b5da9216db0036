from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from potstill.cli.groups import ConfigOptions, with_groups
from potstill.serving import BenchConfig, ExportConfig


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


@pytest.mark.parametrize(
    ("config", "given", "found"),
    [
        (ExportConfig, [], {}),
        (
            ExportConfig,
            ["--per-channel", "--keep-fp32", "embeddings"],
            {"per_channel": True, "keep_fp32": ["embeddings"]},
        ),
        (ExportConfig, ["--max-drop", "0"], {"max_drop": 0.0}),
        (BenchConfig, ["--protocol", "published", "--repeats", "2"], {"protocol": "published", "repeats": 2}),
        (BenchConfig, ["--has-probe"], {"has_probe": True}),
    ],
)
def test_options_of_a_config_are_given_by_its_fields(config, given, found):
    names = {name: f"--{name.replace('_', '-')}" for name in config.model_fields if name != "lengths"}
    heard = []

    @with_groups
    def work(settings: Annotated[dict, ConfigOptions(find=lambda: config, names=names)]) -> None:
        heard.append(settings)

    app = typer.Typer()
    app.command()(work)
    outcome = CliRunner().invoke(app, given)
    assert outcome.exit_code == 0, outcome.output
    assert heard == [found]
    assert config.parse(found)
    told = {
        option.name: option.annotation.__metadata__[0].help
        for option in ConfigOptions(find=lambda: config, names=names).make()
    }
    assert set(told) == set(names)
    assert all(
        text[:20] in " ".join(config.model_fields[name].description.replace("`", "'").split())
        for name, text in told.items()
    )


def test_a_value_out_of_its_fields_range_is_refused_with_the_option():
    @with_groups
    def work(
        settings: Annotated[dict, ConfigOptions(find=lambda: BenchConfig, names={"repeats": "--rounds"})],
    ) -> None: ...

    app = typer.Typer()
    app.command()(work)
    assert "--rounds" in CliRunner().invoke(app, ["--rounds", "0"]).output
