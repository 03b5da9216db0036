"""What surrounds a command: streams that work whatever was closed or set, signals that stop it."""

import io
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from potstill.errors import PotstillError
from potstill.processes import count_launched, is_main_process

_STREAMS = {"stdin": 0, "stdout": 1, "stderr": 2}
_STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_HEARD_AGAIN_AFTER = 0.05


def open_streams() -> None:
    """Make the standard streams usable: UTF-8 in files and pipes, buffered, none missing; refuse a closed stdout."""
    closed = [name for name in _STREAMS if getattr(sys, name) is None]
    for name in closed:
        os.dup2(os.open(os.devnull, os.O_RDWR), _STREAMS[name])  # else the next file that is opened has its number
        setattr(sys, name, Path(os.devnull).open("r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115
    if not is_main_process():
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for as long as the process lives
    elif "stdout" in closed:
        raise PotstillError("stdout is closed, so that nothing could be printed; leave it open, or send it to a file.")
    elif not sys.stdout.isatty():
        file = io.BufferedWriter(_Stdout(1, "w", closefd=False))
        sys.stdout = io.TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="\n")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.isatty():
            stream.reconfigure(errors="backslashreplace")
    if isinstance(sys.stderr, io.TextIOWrapper) and not sys.stderr.isatty():
        sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)


def close_stdout() -> None:
    """Let what could not be printed go nowhere, so that the interpreter does not try it again at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def stop_on_signals() -> None:
    """Take SIGTERM and SIGHUP as Ctrl-C; what is ignored (`nohup`) stays so.

    Python drops what is raised in a finalizer: a signal that arrives in one is sent again. One of
    several processes ends at once: the others wait for it within torch and would hear nothing.
    """
    sys.unraisablehook = _hear_again
    if count_launched() > 1:
        return
    for number in _STOPPING:
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _stop)


def _hear_again(dropped: "sys.UnraisableHookArgs") -> None:
    """Send a signal that was dropped once more, a moment later; report all else as the interpreter does."""
    heard = [number for number in _STOPPING if callable(signal.getsignal(number))]
    if dropped.exc_type is KeyboardInterrupt and heard:
        threading.Timer(_HEARD_AGAIN_AFTER, os.kill, (os.getpid(), heard[0])).start()
    else:
        sys.__unraisablehook__(dropped)


def _stop(number: int, frame: FrameType | None) -> None:
    """Interrupt; a terminal that was closed is written to no more."""
    for stream in (1, 2):
        try:
            os.write(stream, b"")
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    signal.default_int_handler(number, frame)


class _Stdout(io.FileIO):
    """Says in an error which file it is about."""

    def write(self, content: Any, /) -> int:  # noqa: ANN401 - whatever has bytes
        """Write some bytes; see `io.RawIOBase.write`."""
        try:
            return super().write(content)
        except OSError as error:
            error.filename = "stdout"
            raise
