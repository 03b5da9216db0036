"""A command whose options are made when somebody asks for them."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import typer
from typer._click import Parameter
from typer.core import TyperCommand

from potstill.cli.groups import with_groups


class LateCommand(TyperCommand):
    """Lists itself without its options: they are made from configs, whose import takes most of the time of `--help`."""

    def __init__(self, *, function: Callable[..., None], **attributes: Any) -> None:  # noqa: ANN401 - typer's
        """Take the command, and what typer says of it; its parameters and callback are made from the command."""
        super().__init__(**attributes)
        self._function = function
        del self.params, self.callback  # the instance's own would hide those below

    @cached_property
    def _made(self) -> TyperCommand:
        alone = typer.Typer(add_completion=False, rich_markup_mode=self.rich_markup_mode)
        alone.command()(with_groups(self._function))
        made = typer.main.get_command(alone)
        assert isinstance(made, TyperCommand)
        return made

    @cached_property
    def params(self) -> list[Parameter]:  # type: ignore[override] # is set by nobody
        """The arguments and options."""
        return self._made.params

    @cached_property
    def callback(self) -> Callable[..., Any] | None:  # type: ignore[override] # is set by nobody
        """What runs."""
        return self._made.callback
