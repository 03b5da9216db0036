"""The command `bench`: figures, pictures, and what it refuses."""

import json
import sys

import pytest

from potstill.cli import run

QUICK = ("--texts", 3, "--repeats", 2, "--no-probe")


@pytest.fixture(scope="module")
def report(world, tmp_path_factory):
    """What a bench of a model and a shape wrote, with its picture."""
    folder = tmp_path_factory.mktemp("bench")
    out, plot = folder / "bench.json", folder / "bench.svg"
    arguments = ["bench", world.teacher, "--shape", "1x24x24", "--data", world.reviews / "dev.csv", *QUICK]
    assert run([str(argument) for argument in [*arguments, "--out", out, "--plot", plot]]) == 0
    return json.loads(out.read_text(encoding="utf-8")), plot.read_text()


def test_a_bench_tells_sizes_and_speeds_of_everybody(report):
    model, shape = report[0]["entries"]
    assert (model["name"], shape["name"]) == ("teacher", "1x24x24")
    assert model["rate"]["ratio"] == 1
    for entry in (model, shape):
        latency, rate = entry["latency"], entry["rate"]
        assert 0 < latency["p50"] <= latency["p95"] <= latency["p99"]
        assert 0 < rate["slowest"] <= rate["median"] <= rate["fastest"]
        counts = entry["parameters"]
        assert counts["total"] == sum(counts[part] for part in ("embeddings", "encoder", "pooler", "head"))
        assert entry["size_bytes"] >= 4 * counts["total"]
    assert [speed["num_tokens"] for speed in shape["by_length"]] == [16, 32, 64]


def test_a_length_that_a_model_cannot_read_is_not_timed(report):
    assert all(speed["num_tokens"] <= 64 for entry in report[0]["entries"] for speed in entry["by_length"])


def test_a_bench_draws_a_picture(report):
    assert report[1].startswith("<svg")
    assert "sentences per second" in report[1]


def test_the_published_protocol_counts_100_batches(potstill):
    sizes = ("--batches", 2, "--batch-size", 4, "--tokens", 8, "--warmup", 0)
    outcome = potstill(
        "bench", "--shape", "1x24", "--shape", "2x24", "--protocol", "published", "--no-probe", "--json", *sizes
    )
    assert outcome.code == 0, outcome.stderr
    for entry in json.loads(outcome.stdout)["entries"]:
        rate = entry["rate"]
        assert 12800 / rate["fastest"] * 0.999 <= entry["seconds_per_100_batches"] <= 12800 / rate["slowest"] * 1.001
        assert entry["latency"] is None


def test_a_process_of_its_own_tells_memory_and_cold_start(potstill, world):
    outcome = potstill("bench", world.teacher, "--texts", 1, "--repeats", 1, "--json")
    assert outcome.code == 0, outcome.stderr
    probe = json.loads(outcome.stdout)["entries"][0]["probe"]
    assert probe["cold_start_seconds"] > 0
    assert probe["import_seconds"] > 0
    assert probe["peak_bytes"] > probe["model_bytes"] >= 0
    assert probe["peak_bytes"] > 50e6


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "nothing to time"),
        (("--shape", "7"), "this is no shape"),
        (("--shape", "1x24", "--backend", "gpu"), "no such back-end"),
        (("--shape", "1x24", "--batches", 3), "--batches: this has an effect with --protocol published only"),
        (("--shape", "1x24", "--protocol", "published", "--repeats", 3), "--repeats: this has an effect with"),
        (("--shape", "1x24", "--protocol", "published", "--tokens", 600), "reads at most 512 tokens"),
        (("--shape", "1x24", "--data", "texts.txt"), "shapes read random tokens"),
        (("--shape", "1x24", "--plot", "bench.gif"), ".png, .svg"),
        (("--shape", "900x9000"), "900x9000: this has"),
        (("--shape", "bilstm:90000x1"), "at most 1,000,000,000 are timed"),
        (("--shape", "1x24", "--out", "missing/bench.json"), "does not exist"),
        (("no-such-folder/model/x",), "does not exist"),
    ],
)
def test_what_cannot_be_benched_is_refused(potstill, tmp_path, arguments, sentence):
    outcome = potstill("bench", *arguments, "--no-probe")
    assert outcome.code == 2
    assert sentence in outcome.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_published_figures_stand_beside_ours(capsys):
    from rich.console import Console

    from potstill.results import Parameters, to_terminal
    from potstill.serving import BenchConfig, BenchReport, make_bench_tables, published_rows
    from potstill.serving.bench_report import BenchEntry, Rate

    rate = Rate(median=2.0, slowest=1.0, fastest=3.0, ratio=3.1, ratio_range=(3.0, 3.2))
    entry = BenchEntry(
        name="4x768x3072",
        backend="sdpa",
        parameters=Parameters(embeddings=1, encoder=2, pooler=3, head=4, total=10),
        size_bytes=40,
        gigaflops=7.6,
        rate=rate,
        seconds_per_100_batches=6400.0,
        published=published_rows()["4x768x3072"],
    )
    report = BenchReport(
        settings=BenchConfig(protocol="published"), texts="-", mean_tokens=128.0, entries=(entry,), environment={}
    )
    console = Console(file=sys.stdout, width=200)
    for table in make_bench_tables(report):
        console.print(to_terminal(table))
    printed = capsys.readouterr().out
    for text in ("52.2M", "63.7", "3.0 x", "3.1 x", "not of 6 layers"):
        assert text in printed
