"""The command `label`."""

from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from potstill.cli.options import AsJson, Text, TextPair
from potstill.cli.output import print_json
from potstill.console import ConsoleCallback
from potstill.errors import RecipeError

if TYPE_CHECKING:
    from potstill.judges import Budget, Judge, Question

_ENDPOINT = "Endpoint"
_MONEY = "What may be spent"

LABEL_EXAMPLES = """
[bold]A file of labels[/]

  question = "Is the reviewer content?"

  abstain = "unclear"

  \\[labels]

  positive = "The reviewer would buy it again."

  negative = "The reviewer regrets it."

[bold]Examples[/]

  [dim]# a language model on this machine: every label's probability, exactly[/]
  potstill label reviews.csv --text review --labels labels.toml --model my-llm/ --out answers.jsonl

  [dim]# one behind an endpoint, your own or a provider's, for 500 texts at most[/]
  potstill label more.txt --labels labels.toml --model NAME --url http://localhost:8000/v1 --max-calls 500 --out a.jsonl

  [dim]# and a small student that answers in its stead[/]
  potstill distill kd --data reviews.csv --unlabeled more.txt --teacher-answers answers.jsonl --base minilm
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointOptions:
    """Where a model is asked that does not run here."""

    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            metavar="URL",
            rich_help_panel=_ENDPOINT,
            help="Where an endpoint with OpenAI's protocol begins, such as http://localhost:8000/v1; the texts are "
            "sent there. Left out: the model runs here.",
        ),
    ] = None
    key_variable: Annotated[
        str | None,
        typer.Option(
            "--key-variable",
            metavar="NAME",
            rich_help_panel=_ENDPOINT,
            help="Variable of the environment that holds your key. Left out: OPENAI_API_KEY.",
        ),
    ] = None
    concurrency: Annotated[
        int | None,
        typer.Option(
            "--concurrency", min=1, metavar="N", rich_help_panel=_ENDPOINT, help="Texts asked at a time. Left out: 8."
        ),
    ] = None
    retries: Annotated[
        int | None,
        typer.Option(
            "--retries",
            min=0,
            metavar="N",
            rich_help_panel=_ENDPOINT,
            help="How often a call is repeated that failed by chance, with growing pauses. Left out: 5.",
        ),
    ] = None
    price_read: Annotated[
        float | None,
        typer.Option(
            "--price-read", min=0, metavar="X", rich_help_panel=_MONEY, help="Price of a million tokens that it reads."
        ),
    ] = None
    price_written: Annotated[
        float | None,
        typer.Option(
            "--price-written",
            min=0,
            metavar="X",
            rich_help_panel=_MONEY,
            help="Price of a million tokens that it writes.",
        ),
    ] = None
    max_cost: Annotated[
        float | None,
        typer.Option(
            "--max-cost",
            min=0,
            metavar="X",
            rich_help_panel=_MONEY,
            help="Stop before the whole file has cost more, in the unit of the prices.",
        ),
    ] = None


def label(
    texts: Annotated[
        list[Path],
        typer.Argument(metavar="TEXTS", help="CSV, TSV, JSONL, JSON, Parquet, or .txt files with one text a line."),
    ],
    *,
    labels: Annotated[
        Path,
        typer.Option("--labels", metavar="FILE", help="TOML: a question, and a table with what each label means."),
    ],
    model: Annotated[
        str,
        typer.Option(
            "--model",
            metavar="MODEL",
            help="A causal language model: folder, hub name or GGUF file; with --url, its name there.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="FILE",
            help="JSON lines; one that was begun before is gone on with: nothing is asked twice.",
        ),
    ],
    text: Text = None,
    text_pair: TextPair = None,
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate",
            help="Take off what the prompt alone makes likely (contextual calibration). Not with --url.",
        ),
    ] = False,
    max_calls: Annotated[
        int | None,
        typer.Option("--max-calls", min=1, metavar="N", rich_help_panel=_MONEY, help="Ask about no more texts."),
    ] = None,
    endpoint: EndpointOptions,
    as_json: AsJson = False,
) -> None:
    """Let a language model say which label each text has, for a student to learn it (--teacher-answers).

    Writes a JSON object a line: the text, its label, the log-probability of every label as far as it is known; null
    where the model names none. Equal texts are asked about once. Stopped or killed, the same command goes on.
    """
    from potstill.data import read_texts
    from potstill.judges import label_texts, read_question

    question = read_question(labels)
    plain = [path for path in texts if path.name.lower().endswith((".txt", ".txt.gz"))]
    columns = {"text": text, "text_pair": text_pair}
    mixed = len(plain) < len(texts)  # columns are those of the others
    splits = [read_texts(path, may_be_empty=True, **({} if mixed and path in plain else columns)) for path in texts]
    watch, budget = ConsoleCallback(), _make_budget(endpoint, max_calls)
    if endpoint.url is None:
        watch.note(f"opening {model}")  # weights of a GGUF file take a while
    with closing(_choose_judge(model, question, endpoint, is_calibrated=calibrate)) as judge:
        found = label_texts(splits, judge, out, budget=budget, callback=watch)
    if as_json:
        print_json({**asdict(found), "path": str(found.path)})
    cost = f", for {found.cost:.4g}" if found.cost else ""
    told = f"{found.num_answered:,} of {found.num_texts:,} texts{cost}; {found.num_abstained:,} without a label"
    watch.note(f"{found.path}: {told}")


def _choose_judge(model: str, question: "Question", options: EndpointOptions, *, is_calibrated: bool) -> "Judge":
    from potstill.judges import Endpoint, EndpointJudge, LocalJudge

    if options.url is None:
        given = {
            "--key-variable": options.key_variable,
            "--concurrency": options.concurrency,
            "--retries": options.retries,
        }
        if idle := next((flag for flag, value in given.items() if value is not None), None):
            raise RecipeError(f"{idle}: this has an effect with --url only; leave it out.")
        return LocalJudge(model, question, is_calibrated=is_calibrated)
    if is_calibrated:
        raise RecipeError(
            "--calibrate: it needs the probability of every label, and an endpoint tells those of a few tokens; leave "
            "it out, or take a model that runs here."
        )
    default = Endpoint(url=options.url)
    endpoint = replace(
        default,
        key_variable=options.key_variable or default.key_variable,
        num_together=options.concurrency or default.num_together,
        num_retries=default.num_retries if options.retries is None else options.retries,
    )
    return EndpointJudge(model, question, endpoint)


def _make_budget(options: EndpointOptions, max_calls: int | None) -> "Budget":
    from potstill.judges import Budget

    prices = (options.price_read, options.price_written)
    if options.url is None and (options.max_cost is not None or any(prices)):
        raise RecipeError("--max-cost: a model that runs here has no price a token; leave it and the prices out.")
    if options.max_cost is not None and not any(prices):
        raise RecipeError("--max-cost: nobody says what a token costs; give --price-read and --price-written.")
    return Budget(
        max_calls=max_calls,
        max_cost=options.max_cost,
        price_read=options.price_read or 0.0,
        price_written=options.price_written or 0.0,
    )
