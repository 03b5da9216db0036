"""Run one cell, in whatever process it is put: take it up where it is, log it, leave a run folder."""

import shutil
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from potstill.console import ConsoleCallback
from potstill.errors import PotstillError
from potstill.files import make_folder, one_at_a_time
from potstill.plugins import load_plugins
from potstill.recipe import Recipe
from potstill.run_folder import RunFolder


class CellFailed(Exception):  # noqa: N818 - not a defect of the suite
    """A cell came to no end; the text says why, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """All that a process needs to run a cell; plain values, so that it travels.

    Attributes:
        cell_id: The cell.
        is_general: Whether it makes a general student, from plain text alone.
        recipe: The resolved recipe as JSON values.
        baselines: Controls beside the student.
        folder: The run folder.
        lock: The file that whoever works on the cell holds.
        log: Where progress and errors are written, behind what is there.
        plugins: What the process loads first, as `load_plugins` takes it.
        num_threads: Threads of PyTorch within one operation; None = as it chooses.
    """

    cell_id: str
    is_general: bool
    recipe: dict[str, Any]
    baselines: tuple[str, ...]
    folder: Path
    lock: Path
    log: Path
    plugins: tuple[str, ...] = ()
    num_threads: int | None = None


def run_cell(job: Job) -> None:
    """Bring a cell to its end: nothing where it is finished, else from its last checkpoint, else from the start."""
    make_folder(job.log.parent)
    with job.log.open("a", encoding="utf-8") as file, one_at_a_time(job.lock):
        console = Console(file=file, width=240, highlight=False, soft_wrap=True)
        try:
            _finish(job, ConsoleCallback(console))
        except PotstillError as error:
            file.write(f"error: {error}\n")
            raise CellFailed(str(error)) from None
        except Exception as error:
            file.write(traceback.format_exc())
            raise CellFailed(
                f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
            ) from None


def _finish(job: Job, callback: ConsoleCallback) -> None:
    import torch

    from potstill.pipeline import run_general, run_recipe

    folder = RunFolder(path=job.folder)
    if folder.is_finished:
        return
    is_begun = folder.recipe.is_file()
    if not is_begun:  # killed before it had begun
        shutil.rmtree(folder.path, ignore_errors=True)
    if job.num_threads is not None:
        torch.set_num_threads(job.num_threads)
    load_plugins(job.plugins)
    recipe = Recipe.parse(job.recipe)
    if job.is_general:
        run_general(recipe, folder.path, resume=is_begun, callback=callback)
        return
    run_recipe(recipe, folder.path, baselines=job.baselines, resume=is_begun, callback=callback)
