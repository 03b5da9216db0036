"""How the command `potstill` begins and ends: a quiet process, one line for an error, an exit code.

0    done
1    a defect of Potstill
2    a mistake that the user can mend
130  stopped with Ctrl-C, SIGTERM or SIGHUP
141  whoever read the output has gone
"""

import errno
import os
import sys
import traceback
import warnings
from collections.abc import Sequence

import typer
from rich.console import Console

from potstill.cli.app import app
from potstill.cli.output import Stopped, make_console
from potstill.cli.surroundings import close_stdout, open_streams, stop_on_signals
from potstill.errors import PotstillError
from potstill.files import explain_machine
from potstill.processes import count_launched

_LONGEST_WORD = 400
"""Characters of a path or a value in a message."""
_QUIET = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "true",
    "TRANSFORMERS_VERBOSITY": "error",
}
"""Keeps bars and advice of the libraries below us from mixing with ours; read when they are first imported."""

_ALONE = {
    (): ["--help"],
    ("recipes",): ["recipes", "list"],
    ("recipes", "--json"): ["recipes", "list", "--json"],
}
"""What a command stands for that needs another one behind it and has none."""

_TOGETHER = ("distill", "finetune", "pretrain")
"""What several processes can do together."""


def main() -> None:
    """Run the command line of this process and end it."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    try:
        open_streams()
    except PotstillError as error:
        sys.exit(_refuse(make_console(stderr=True), str(error)))
    stop_on_signals()
    code = run(sys.argv[1:])
    close_stdout()
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run a command.

    Args:
        arguments: What stands behind `potstill` on the command line.

    Returns:
        The exit code. Mistakes are told on stderr; nothing is raised.
    """
    console = make_console(stderr=True)
    if count_launched() > 1 and arguments and arguments[0] not in _TOGETHER:
        known = ", ".join(_TOGETHER)
        return _refuse(console, f"'{arguments[0]}' runs in one process; {known} can be started in several.")
    try:
        code = app(_ALONE.get(tuple(arguments), list(arguments)), prog_name="potstill", standalone_mode=False)
        sys.stdout.flush()
    except PotstillError as error:
        return _refuse(console, str(error))
    except typer.TyperException as error:
        return _refuse(console, _explain_usage(error))
    except (Stopped, KeyboardInterrupt) as stop:
        return _stop(console, str(stop))
    except BrokenPipeError:
        return _end_without_reader()
    except SystemExit as end:  # the options about completion end so, and typer where the reader has gone
        return _end_without_reader() if isinstance(end.__context__, BrokenPipeError) else int(end.code or 0)
    except Exception as error:
        return _refuse_or_report(console, error)
    if code == 130:
        return _stop(console, "")
    return code if isinstance(code, int) else 0


def _refuse(console: Console, text: str) -> int:
    line = " ".join(_shorten(word) for word in text.split())
    console.print(f"[bold red]error:[/] {_escape(line)}")
    return 2


def _shorten(word: str) -> str:
    """Cut what nobody would read to its end."""
    return word if len(word) <= _LONGEST_WORD else f"{word[:_LONGEST_WORD]} ..."


def _stop(console: Console, hint: str) -> int:
    console.print(f"stopped; {_escape(hint)}" if hint else "stopped")
    return 130


def _refuse_or_report(console: Console, error: Exception) -> int:
    reason = explain_machine(error)
    if reason is None:
        return _report_defect(console, error)
    if isinstance(error, OSError) and error.errno != errno.ENOMEM:
        return _refuse(console, f"{error.filename or 'a file'} cannot be used: {reason}.")
    return _refuse(console, f"{reason}; free some, or make the batches smaller.")


def _report_defect(console: Console, error: Exception) -> int:
    console.print(_escape("".join(traceback.format_exception(error)).rstrip()))
    console.print(
        f"[bold red]defect:[/] {type(error).__name__} {_escape(str(error))}\n"
        "This is a defect of Potstill; please report it with the lines above and the command."
    )
    return 1


def _explain_usage(error: typer.TyperException) -> str:
    """Say what is wrong with the command line, and whose help says more."""
    context = getattr(error, "ctx", None)
    text = error.format_message().strip()
    text = text if text.endswith((".", "?")) else f"{text}."
    return f"{text} See '{context.command_path} -h'." if context is not None else text


def _escape(text: str) -> str:
    return text.replace("[", "\\[")


def _end_without_reader() -> int:
    """Let the interpreter's last flush go nowhere, as whoever read stdout has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 141
