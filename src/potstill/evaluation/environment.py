"""Where figures come from: versions and hardware, nothing that names a person, a host or a folder."""

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from pydantic import JsonValue

PACKAGES = ("potstill", "torch", "transformers", "tokenizers", "accelerate", "numpy")


def describe_environment() -> dict[str, JsonValue]:
    """Describe the software and hardware of this process.

    Returns:
        python: version.
        packages: versions by name, null where one is not installed.
        platform: operating system, kernel and machine.
        cpu: model of the processor, null where it cannot be told.
        num_cpus: logical cores that this process may use.
        num_threads: threads of PyTorch within one operation.
        gpus: names of the accelerators that PyTorch sees.
        cuda: version of CUDA (or ROCm) that PyTorch was built for, null without.
        git_commit: commit of the working directory, with `-dirty` at its end where tracked files were changed;
            null outside of a repository.
    """
    return {
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpu": _cpu_model(),
        "num_cpus": _num_cpus(),
        "num_threads": torch.get_num_threads(),
        "gpus": [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())],
        "cuda": torch.version.cuda or torch.version.hip,
        "git_commit": _ask("git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"),
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _num_cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_model() -> str | None:
    if sys.platform == "darwin":
        return _ask("sysctl", "-n", "machdep.cpu.brand_string")
    described = Path("/proc/cpuinfo")
    if described.is_file():
        for line in described.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or None


def _ask(*command: str) -> str | None:
    """Run a program and take its one line, or None where it is missing or fails."""
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None
