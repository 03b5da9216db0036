"""Compiled code for a stage: which encoders run as such, and when."""

from collections.abc import Generator, Iterable
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext

import torch

from potstill.hub import Encoder, compiled_layers
from potstill.teachers import OnlineTeacher, Teacher


@contextmanager
def running_compiled(student: Encoder, teachers: Iterable[Teacher], *, enabled: bool) -> Generator[None]:
    """Run a student, and teachers that run beside it, as compiled code while the block lasts."""
    with ExitStack() as stack:
        if enabled:
            torch.compiler.reset()  # what was compiled for another stage counts towards the limit of variants
            running = [teacher.encoder for teacher in teachers if isinstance(teacher, OnlineTeacher)]
            for encoder in {id(encoder): encoder for encoder in (student, *running)}.values():
                stack.enter_context(compiled_layers(encoder))
        yield


def not_compiled(*, enabled: bool) -> AbstractContextManager[None]:
    """Run everything without compiled code while the block lasts: for scoring, which has few steps and many shapes."""
    return torch.compiler.set_stance("force_eager") if enabled else nullcontext()
