"""Groups of options: a parameter of a command that is a dataclass of options stands for each of its fields."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from typing import Any


def with_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Let typer see the options of a command's groups, and give the command its groups.

    Args:
        command: Takes groups among its parameters; names of options are those of the groups' fields.

    Returns:
        The command as typer reads it, with a parameter for every option.
    """
    written = inspect.signature(command).parameters.values()
    groups: dict[str, Any] = {each.name: each.annotation for each in written if is_dataclass(each.annotation)}
    options = [option for each in written for option in _options_of(each)]

    @wraps(command)
    def call(**given: Any) -> None:  # noqa: ANN401 - typer's values
        whole = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        command(**given, **whole)

    call.__annotations__ = {option.name: option.annotation for option in options}
    call.__dict__["__signature__"] = inspect.Signature(options)
    return call


def _options_of(parameter: inspect.Parameter) -> list[inspect.Parameter]:
    """Give the options that a parameter stands for; all of them are given by name."""
    if not is_dataclass(parameter.annotation):
        return [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)]
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=field.type,
        )
        for field in fields(parameter.annotation)
    ]
