"""Groups of options: one parameter of a command stands for several options, written out or made from a config."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import partial, wraps
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

import typer

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from potstill.config import Config


@dataclass(frozen=True, kw_only=True)
class ConfigOptions:
    """Marks a parameter that stands for fields of a config: the command gets those that were given, by name.

    Attributes:
        find: Imports the config, which says of each field what it means, which values it takes, and what it is where it
            is left out. Called when the command's options are asked for, as configs are slow to import.
        names: The fields, with the options that set them; absent: all of them, under their own names.
        without: Fields that get no option.
        panel: Heading in the help.
        panels: Other headings, by field.
    """

    find: Callable[[], "type[Config]"]
    names: Mapping[str, str] | None = None
    without: Sequence[str] = ()
    panel: str | None = None
    panels: Mapping[str, str] = field(default_factory=dict)

    def make(self) -> list[inspect.Parameter]:
        """Make the options."""
        known = self.find().model_fields
        names = self.names or {name: f"--{name.replace('_', '-')}" for name in known}
        return [self._option(name, names[name], known[name]) for name in names if name not in self.without]

    def _option(self, name: str, flag: str, about: "FieldInfo") -> inspect.Parameter:
        given, default = about.annotation, about.default
        several = get_origin(given) is tuple
        kind: Any = list[str] if several else given
        bounds = {key: getattr(each, name) for each in about.metadata for key, name in _BOUNDS if hasattr(each, name)}
        choices = get_args(get_args(given)[0]) if several else ()
        left_out = "" if default is None or isinstance(default, bool) else f" Left out: {default or 'none'}."
        told = " ".join((about.description or "").replace("`", "'").split())
        option = typer.Option(
            flag,
            help=told + left_out,
            rich_help_panel=self.panels.get(name, self.panel),
            metavar="|".join(map(str, choices)) or None,
            show_default=False,
            **bounds,
        )
        return _keyword(name, Annotated[kind | None, option], None)


_BOUNDS = (("min", "ge"), ("max", "le"))
"""What typer calls a bound, and what pydantic calls it; an open bound is left to the config."""


def with_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Let typer see the options of a command's groups, and give the command its groups."""
    groups: dict[str, tuple[list[inspect.Parameter], Callable[[dict[str, Any]], Any]]] = {}
    options: list[inspect.Parameter] = []
    for each in inspect.signature(command).parameters.values():
        marks = [mark for mark in get_args(each.annotation) if isinstance(mark, ConfigOptions)]
        if marks:
            groups[each.name] = marks[0].make(), _given
        elif is_dataclass(each.annotation):
            groups[each.name] = _written(each.annotation), partial(_put, each.annotation)
        options += groups[each.name][0] if each.name in groups else [_keyword(each.name, each.annotation, each.default)]

    @wraps(command)
    def call(**values: Any) -> None:  # noqa: ANN401 - typer's values
        whole = {
            name: gather({each.name: values.pop(each.name) for each in own}) for name, (own, gather) in groups.items()
        }
        command(**values, **whole)

    call.__annotations__ = {option.name: option.annotation for option in options}
    call.__dict__["__signature__"] = inspect.Signature(options)
    return call


def _written(group: Any) -> list[inspect.Parameter]:  # noqa: ANN401 - any dataclass
    """Give the options of a dataclass."""
    return [
        _keyword(each.name, each.type, inspect.Parameter.empty if each.default is MISSING else each.default)
        for each in fields(group)
    ]


def _put(group: Any, values: dict[str, Any]) -> Any:  # noqa: ANN401 - any dataclass, and an object of it
    return group(**values)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:  # noqa: ANN401 - as inspect has them
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
