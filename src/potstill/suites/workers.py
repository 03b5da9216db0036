"""Where cells run: in this process, in processes of this machine, or on a Ray cluster; one future for each."""

import multiprocessing
import os
import sys
from abc import ABC, abstractmethod
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing.process import BaseProcess
from typing import Any

from potstill.errors import RunError
from potstill.files import make_folder
from potstill.processes import end_with
from potstill.suites.cell import CellFailed, Job, run_cell


class Workers(ABC):
    """Takes cells and runs them.

    Attributes:
        num_slots: Cells that run at the same time.
    """

    num_slots: int

    @abstractmethod
    def start(self, job: Job) -> "Future[None]":
        """Begin a cell; the future ends with it, with `CellFailed` where it came to no end."""

    @abstractmethod
    def close(self) -> None:
        """Stop what still runs."""


class InProcess(Workers):
    """One cell after another, in this process; for debugging."""

    num_slots = 1

    def start(self, job: Job) -> "Future[None]":
        """Run a cell and give the future that has ended."""
        future: Future[None] = Future()
        try:
            run_cell(job)
            future.set_result(None)
        except CellFailed as error:
            future.set_exception(error)
        return future

    def close(self) -> None:
        """Do nothing."""


class LocalProcesses(Workers):
    """A process for each cell, so that a crash or a lack of memory ends one cell and not the suite.

    With several accelerators, the cells are spread over them.
    """

    def __init__(self, num_slots: int) -> None:
        """Prepare to run up to `num_slots` cells at a time."""
        self.num_slots = num_slots
        self._threads = ThreadPoolExecutor(max_workers=num_slots)
        self._context = multiprocessing.get_context("spawn")
        self._processes: dict[str, BaseProcess] = {}
        self._devices = _list_devices()
        self._free_slots = list(range(num_slots))
        self._num_threads = None if "OMP_NUM_THREADS" in os.environ else max(1, _num_cpus() // num_slots)
        self._is_closed = False

    def start(self, job: Job) -> "Future[None]":
        """Begin a cell in a process of its own."""
        return self._threads.submit(self._run, replace(job, num_threads=self._num_threads))

    @property
    def pids(self) -> list[int]:
        """The processes that are at work."""
        return [process.pid for process in list(self._processes.values()) if process.pid is not None]

    def close(self) -> None:
        """End all processes; their cells go on from their last checkpoints the next time."""
        self._is_closed = True
        for process in list(self._processes.values()):
            process.terminate()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _run(self, job: Job) -> None:
        slot = self._free_slots.pop()
        device = self._devices[slot % len(self._devices)] if self._devices else None
        receiver, sender = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_work, args=(job, device, os.getpid(), sender), name=job.cell_id)
        self._processes[job.cell_id] = process
        try:
            if self._is_closed:
                raise CellFailed("the suite was stopped")
            process.start()
            sender.close()
            process.join()
            reason = receiver.recv() if receiver.poll() else f"its process ended with code {process.exitcode}"
        except EOFError:
            reason = f"its process ended with code {process.exitcode}"
        finally:
            del self._processes[job.cell_id]
            self._free_slots.append(slot)
        if process.exitcode != 0:
            raise CellFailed(reason)


class RayCluster(Workers):
    """A Ray task for each cell, on the machines of a cluster that share this file system."""

    def __init__(self, address: str, *, num_slots: int | None) -> None:
        """Join a cluster."""
        ray = _import_ray()
        try:
            ray.init(address=address, log_to_driver=False, logging_level="ERROR", include_dashboard=None)
        except (ConnectionError, ValueError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[0].rstrip(".")
            raise RunError(
                f"--ray {address}: no Ray cluster could be joined ({reason}); begin one with 'ray start --head', or "
                "give the HOST:PORT of one."
            ) from None
        resources = ray.cluster_resources()
        has_gpu = resources.get("GPU", 0) >= 1
        room = int(resources["GPU"] if has_gpu else resources.get("CPU", 1))
        self.num_slots = min(room, num_slots or room)
        cores = max(1, int(resources.get("CPU", 1)) // self.num_slots)
        self._ray = ray
        self._task: Any = ray.remote(num_cpus=cores, num_gpus=int(has_gpu), max_retries=0)(_run_remotely)

    def start(self, job: Job) -> "Future[None]":
        """Hand a cell to the cluster."""
        ended: Future[None] = Future()
        answer = self._task.remote(job).future()
        answer.add_done_callback(lambda done: _pass_on(done, ended))
        return ended

    def close(self) -> None:
        """Leave the cluster, which stops the cells that still run."""
        self._ray.shutdown()


def _import_ray() -> Any:  # noqa: ANN401 - an optional package
    try:
        import ray
    except ImportError:
        raise RunError("--ray: the package ray is not installed; run \"pip install 'potstill[ray]'\".") from None
    return ray


def _run_remotely(job: Job) -> str | None:
    """Run a cell in a task of Ray; give what went wrong, or None."""
    try:
        run_cell(job)
    except CellFailed as error:
        return str(error)
    return None


def _pass_on(done: "Future[str | None]", ended: "Future[None]") -> None:
    error = done.exception()
    reason = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}" if error is not None else done.result()
    if reason is None:
        ended.set_result(None)
    else:
        ended.set_exception(CellFailed(reason))


def _work(job: Job, device: str | None, parent: int, sender: Any) -> None:  # noqa: ANN401 - a Connection
    """Run a cell as the whole of a process, whose output goes to the cell's log."""
    end_with(parent)
    if device is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = device
    make_folder(job.log.parent)
    with job.log.open("a", encoding="utf-8") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    try:
        run_cell(job)
    except CellFailed as error:
        sender.send(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _list_devices() -> list[str]:
    """List the accelerators that this process may use, as `CUDA_VISIBLE_DEVICES` names them."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [name for name in chosen.split(",") if name.strip()]
    import torch

    return [str(index) for index in range(torch.cuda.device_count())]


def _num_cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
