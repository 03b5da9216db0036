"""The parts of `gpu.py`, each run by it as a process: what was found is written down whenever there is more of it."""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import attention_loss
import compile as compiling
import general
import numpy as np
import torch
import train
from plain import Sizes, matrix_rate, needed_operations
from transformers import BertConfig, BertModel, BertTokenizerFast

from potstill.data import load_task_data
from potstill.hub import Tokenizer
from potstill.processes import process_state
from potstill.recipe import load_recipe
from potstill.run_folder import RunFolder
from potstill.training import resolve_precision

TESTS = (
    "tests/pipeline/test_precision.py",
    "tests/training/test_auto_precision.py",
    "tests/training/test_prefetch.py",
    "tests/training/test_checkpoints.py",
    "tests/hub/test_capture.py",
    "tests/hub/test_dropout.py",
    "tests/hub/test_compiling.py",
    "tests/contracts/test_no_host_waits.py",
    "tests/objectives/test_score_gram.py",
    "tests/pipeline/test_states.py",
    "tests/pipeline/test_resume.py",
    "tests/pipeline/test_compiled_run.py",
)
"""What depends on the device: precision, capture, copies that are waited for, stores, resuming, compiled code."""
PROCESSES = "tests/pipeline/test_processes.py"
OUTCOMES = re.compile(r"\b(PASSED|FAILED|ERROR|SKIPPED|XFAIL)\b")
NAMES = re.compile(r"(tests/\S+)")
MOST_ROUNDS = 5


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How large everything is.

    Attributes:
        base: Sizes of the large teacher and its student.
        small: Sizes of the small ones.
        words: How many words there are.
        longest: Most words of a text.
        examples: Texts of a task, and lines of plain text.
        plain_examples: Most of them that the published protocol trains on.
        batch: Examples and tokens of a batch.
        lengths: Lengths of texts whose attention is compared.
        window: Steps between two logged ones of a compiled run.
    """

    base: tuple[Sizes, Sizes]
    small: tuple[Sizes, Sizes]
    words: int
    longest: int
    examples: int
    plain_examples: int
    batch: tuple[int, int]
    lengths: Sequence[int]
    window: int


def sizes(layers: int, width: int, inner: int) -> Sizes:
    """Give the sizes of an encoder of 12 heads."""
    return {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": 12,
        "intermediate_size": inner,
    }


REAL = Scale(
    base=(train.TEACHER, train.STUDENT),
    small=(sizes(6, 384, 1536), sizes(4, 192, 768)),
    words=30_000,
    longest=126,
    examples=4096,
    plain_examples=1024,
    batch=(256, 16_384),
    lengths=attention_loss.LENGTHS,
    window=10,
)
TINY = Scale(
    base=(sizes(3, 48, 96), sizes(1, 24, 48)),
    small=(sizes(4, 48, 96), sizes(4, 24, 48)),
    words=100,
    longest=14,
    examples=64,
    plain_examples=32,
    batch=(8, 256),
    lengths=(16, 32),
    window=2,
)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part that is being measured.

    Attributes:
        scale: How large everything is.
        folder: For what is made on the way.
        file: For what is found.
        until: When to be done, on the clock of `time.monotonic`.
    """

    scale: Scale
    folder: Path
    file: Path
    until: float

    def save(self, **found: object) -> None:
        """Write down what is known by now; the file is always whole."""
        partial_file = self.file.with_suffix(".partial")
        partial_file.write_text(json.dumps({"machine": describe_machine(), **found}), encoding="utf-8")
        partial_file.replace(self.file)

    def rounds(self, ways: Mapping[str, Callable[[], float]]) -> Iterator[dict[str, list[float]]]:
        """Take turns; give all seconds so far after each round, as long as another fits."""
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(MOST_ROUNDS):
            begun = time.monotonic()
            for name, way in ways.items():
                seconds[name].append(way())
            yield seconds
            if 2 * time.monotonic() - begun > self.until:
                return


def main() -> None:
    """Measure one part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--tiny", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        PARTS[given.part](
            Part(
                scale=TINY if given.tiny else REAL,
                folder=Path(folder),
                file=given.file,
                until=time.monotonic() + given.seconds,
            )
        )


def describe_machine() -> str:
    """Say on what it was measured."""
    device = torch.device(process_state().device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} threads"
    return f"{name}, {resolve_precision('auto')}, torch {torch.__version__}"


def run_tests(part: Part) -> None:
    """Run the tests that a device can change; two processes share the CPU where there are not two GPUs."""
    alone = ["-n", "4"] if find_spec("xdist") and torch.cuda.is_available() else []
    runs: list[tuple[Sequence[str], dict[str, str]]] = [([*TESTS, *alone], {}), ([PROCESSES], {})]
    notes = []
    if torch.cuda.device_count() == 1:
        runs[1][1]["ACCELERATE_USE_CPU"] = "true"
        notes = ["NCCL takes one process for a GPU: the test of two processes ran on the CPU."]
    if part.scale is TINY:
        runs = [(["tests/training/test_prefetch.py"], {})]
    lines: list[str] = []
    for chosen, environment in runs:
        command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "-m", "slow or not slow", *chosen]
        process = subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            if OUTCOMES.search(line) and NAMES.search(line):
                lines.append(line)
                save_tests(part, lines, notes)
        if process.wait() not in (0, 1):
            sys.exit(f"pytest ended with code {process.returncode}")


def save_tests(part: Part, lines: Sequence[str], notes: Sequence[str]) -> None:
    """Count outcomes, each test once."""
    outcomes = {NAMES.search(line)[1]: OUTCOMES.search(line)[1] for line in lines}
    failed = [name for name, outcome in outcomes.items() if outcome in ("FAILED", "ERROR")]
    counts = {name.lower(): number for name, number in Counter(outcomes.values()).items()}
    part.save(counts=counts, failed=failed, notes=notes)


def make_tokenizer(scale: Scale) -> Tokenizer:
    """Make a tokenizer of made-up words, each of one token."""
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"w{number}" for number in range(scale.words))]
    return Tokenizer(BertTokenizerFast(vocab={word: index for index, word in enumerate(vocabulary)}))


def draw_texts(scale: Scale, number: int) -> list[str]:
    """Draw texts of random words, of all lengths up to the longest."""
    random = np.random.default_rng(0)
    lengths = random.integers(scale.longest // 8, scale.longest + 1, number)
    return [" ".join(f"w{word}" for word in random.integers(scale.words, size=length)) for length in lengths]


def make_work(part: Part, pair: tuple[Sizes, Sizes], *, times: int = 1) -> train.Work:
    """Write a task of random texts and labels."""
    folder, scale = part.folder / "task", part.scale
    folder.mkdir()
    texts = draw_texts(scale, times * scale.examples)
    for split, some in (("train", texts), ("dev", draw_texts(scale, 4))):
        rows = [f"{text},{('no', 'yes')[number % 2]}" for number, text in enumerate(some)]
        (folder / f"{split}.csv").write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    fields = {"data.path": str(folder), "data.max_length": 128}
    examples, tokens = scale.batch
    return train.Work(
        data=load_task_data(load_recipe("kd", fields=fields).data),
        fields=fields,
        teacher=pair[0],
        student=pair[1],
        overrides=[
            f"stages.0.batches.examples_per_batch={examples}",
            f"stages.0.batches.tokens_per_batch={tokens}",
        ],
        plain_examples=scale.plain_examples,
    )


def compare_training(part: Part, pair: tuple[Sizes, Sizes]) -> None:
    """Compare training with the published protocol, in float32 and in the run's precision, and with TextBrewer."""
    work = make_work(part, pair)
    teacher = train.draw_teacher(work, make_tokenizer(part.scale))
    ways = train.choose_ways(work, teacher, part.folder)
    if resolve_precision("auto") == "bf16":
        ways = {"reference": ways["reference"], "reference, bf16": partial(in_bf16, ways["reference"])} | ways
    lengths = [len(row["input_ids"]) for row in work.tokenise(teacher)]
    needed = needed_operations(work.teacher, work.student, work.pairs, lengths)
    no_layers = work.teacher | {"num_hidden_layers": 0}
    operations = {
        "store": needed_operations(no_layers, work.student, work.pairs, lengths),
        "predict": needed_operations(no_layers, work.student, [], lengths),
    }
    rate = find_rate(part)
    for seconds in part.rounds(ways):
        rows = [
            {
                "": name,
                "examples/s": len(lengths) / statistics.median(own),
                "tokens/s": sum(lengths) / statistics.median(own),
                "TFLOP/s": operations.get(name, needed) / statistics.median(own) / 1e12,
                "of the peak, %": 100 * operations.get(name, needed) / statistics.median(own) / rate,
                "times the published protocol": compare(seconds, "reference", name),
                "times TextBrewer": compare(seconds, "textbrewer", name),
            }
            for name, own in seconds.items()
        ]
        part.save(rows=rows, seconds=seconds, note=describe(lengths, rate, len(seconds["run"])))


def compare_compiled(part: Part, pair: tuple[Sizes, Sizes]) -> None:
    """Train with and without `compile`, the teacher running and on stored logits."""
    work = make_work(part, pair, times=1 if part.scale is TINY else 4)
    teacher = train.draw_teacher(work, make_tokenizer(part.scale))
    lengths = [len(row["input_ids"]) for row in work.tokenise(teacher)]
    rate, rows = find_rate(part), []
    note = describe(lengths, rate, 1) + " The cost is that of compiling, in seconds."
    for name, objectives in (("run", train.INTERMEDIATE), ("predict", train.PREDICTION)):
        speeds = []
        for is_compiled in (False, True):
            folder = RunFolder(path=part.folder / f"{name}-{is_compiled}")
            changes = [*work.changes, objectives, f"compile={str(is_compiled).lower()}"]
            speeds.append(compiling.measure(work.fields, changes, work.data, teacher, folder, window=part.scale.window))
        (plain, before), (compiled, after) = speeds
        rows.append(
            {
                "": name,
                "plain, examples/s": plain,
                "compiled, examples/s": compiled,
                "times faster": compiled / plain,
                "cost, s": after - before,
            }
        )
        part.save(rows=rows, note=note)


def compare_general(part: Part) -> None:
    """Compare general distillation with a plain loop."""
    scale, base = part.scale, part.folder / "base"
    tokenizer, (teacher, student) = make_tokenizer(scale), scale.small
    BertModel(BertConfig(vocab_size=scale.words + 5, **teacher)).save_pretrained(base)
    tokenizer.wrapped.save_pretrained(base)
    corpus = part.folder / "corpus.txt"
    corpus.write_text("\n".join(draw_texts(scale, scale.examples)) + "\n", encoding="utf-8")
    examples, tokens = scale.batch
    overrides = [
        f"stages.general.batches.examples_per_batch={examples}",
        f"stages.general.batches.tokens_per_batch={tokens}",
        "stages.general.accumulate=1",
        f"student.hidden_size={student['hidden_size']}",
        f"student.feed_forward_size={student['intermediate_size']}",
    ]
    recipe = general.make_recipe(str(corpus), str(base), scale.examples, overrides)
    work = general.prepare(recipe, part.folder / "runs")
    rate, number = find_rate(part), len(work.lengths)
    for seconds in part.rounds(work.ways):
        rows = [
            {
                "": name,
                "texts/s": number / statistics.median(own),
                "tokens/s": sum(work.lengths) / statistics.median(own),
                "TFLOP/s": work.operations / statistics.median(own) / 1e12,
                "of the peak, %": 100 * work.operations / statistics.median(own) / rate,
                "times the plain loop": compare(seconds, "plain", name),
            }
            for name, own in seconds.items()
        ]
        part.save(rows=rows, seconds=seconds, note=describe(work.lengths, rate, len(seconds["run"])))


def compare_gram(part: Part) -> None:
    """Find from which length on Gram matrices are faster."""
    device, rows = torch.device(process_state().device), []
    for length in part.scale.lengths:
        rows.append({"length": length, **attention_loss.measure(length, 12, (26, 64), device, MOST_ROUNDS)})
        faster = [row["length"] for row in rows if row["direct / Gram"] > 1]
        note = f"12 heads of 26 and 64, {attention_loss.TOKENS} tokens in a batch, float32, {MOST_ROUNDS} rounds; "
        part.save(rows=rows, note=note + (f"faster from {faster[0]} tokens on." if faster else "never faster."))


def in_bf16(way: Callable[[], float]) -> float:
    """Do something with products in bfloat16."""
    with torch.autocast(torch.device(process_state().device).type, torch.bfloat16):
        return way()


def find_rate(part: Part) -> float:
    """Measure the limit."""
    return matrix_rate(seconds=0.2) if part.scale is TINY else matrix_rate()


def compare(seconds: Mapping[str, Sequence[float]], other: str, name: str) -> float | None:
    """Say how many times faster than another something is: the median of the ratios within a round."""
    if other not in seconds:
        return None
    return statistics.median(theirs / own for theirs, own in zip(seconds[other], seconds[name], strict=True))


def describe(lengths: Sequence[int], rate: float, rounds: int) -> str:
    """Say what was measured."""
    mean = sum(lengths) / len(lengths)
    return (
        f"{len(lengths):,} texts of {mean:.1f} tokens, medians of {rounds} round{'s' if rounds > 1 else ''}. "
        f"The fastest matrix product reaches {rate / 1e12:,.3g} TFLOP/s."
    )


PARTS: dict[str, Callable[[Part], None]] = {
    "tests": run_tests,
    "base": lambda part: compare_training(part, part.scale.base),
    "small": lambda part: compare_training(part, part.scale.small),
    "base-compiled": lambda part: compare_compiled(part, part.scale.base),
    "small-compiled": lambda part: compare_compiled(part, part.scale.small),
    "general": compare_general,
    "gram": compare_gram,
}

if __name__ == "__main__":
    main()
