"""Ask a judge about many texts: some at a time, none twice, and no more than may be spent."""

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from potstill.data import Split
from potstill.errors import DataError
from potstill.judges.answers_file import AnswersFile, Row, open_answers
from potstill.judges.judge import Judge, Said
from potstill.progress import ProgressCallback, ProgressTask


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may be asked and spent for a file of answers, however often the command is given.

    Attributes:
        max_calls: Texts that are asked about; None = all.
        max_cost: Money, in the unit of the prices; None = any sum.
        price_read: Price of a million tokens that the model reads.
        price_written: Price of a million tokens that it writes.
    """

    max_calls: int | None = None
    max_cost: float | None = None
    price_read: float = 0.0
    price_written: float = 0.0

    def cost(self, tokens: tuple[int, int]) -> float:
        """Reckon what tokens cost.

        Args:
            tokens: Read and written.

        Returns:
            The price.
        """
        return (tokens[0] * self.price_read + tokens[1] * self.price_written) / 1e6

    def allows(self, file: AnswersFile, num_open: int) -> bool:
        """Say whether one more text may be asked about, if none costs more than the dearest until now.

        Args:
            file: What was asked until now.
            num_open: Texts that are being asked about.

        Returns:
            Whether calls and cost stay within their bounds.
        """
        if self.max_calls is not None and len(file.answered) + num_open >= self.max_calls:
            return False
        if self.max_cost is None:
            return True
        return self.cost(file.tokens) + (num_open + 1) * self.cost(file.most_tokens) <= self.max_cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """What became of texts.

    Attributes:
        path: The table.
        num_texts: Different texts.
        num_answered: Those of them that were asked about, now or before.
        num_abstained: Texts of the table of which no label was said.
        cost: What the table has cost, in the unit of the prices.
    """

    path: Path
    num_texts: int
    num_answered: int
    num_abstained: int
    cost: float


def label_texts(
    splits: Sequence[Split], judge: Judge, out: Path, *, budget: Budget, callback: ProgressCallback
) -> Labelled:
    """Ask a judge about texts, and write what it says into a table that can teach a student.

    Args:
        splits: The texts, or pairs of texts; equal ones are asked about once.
        judge: Who is asked.
        out: A file of JSON lines; one that was begun before is gone on with.
        budget: What may be spent.
        callback: Draws the progress.

    Returns:
        What became of the texts.

    Raises:
        RunError: The file belongs to another judge, or the endpoint cannot be reached; what was answered is kept.
    """
    rows = dict.fromkeys(row for split in splits for row in _rows(split))
    if not rows:
        raise DataError("there is no text to ask about; give a file with texts.")
    with open_answers(out, judge.identity, callback.note) as file:
        todo = [row for row in rows if row not in file.answered]
        with callback.task("label", len(rows), done=len(rows) - len(todo)) as progress:
            _ask_all(todo, judge, file, budget, progress)
        return Labelled(
            path=out,
            num_texts=len(rows),
            num_answered=sum(row in file.answered for row in rows),
            num_abstained=file.num_abstained,
            cost=budget.cost(file.tokens),
        )


def _rows(split: Split) -> Iterator[Row]:
    for place, text in enumerate(split.texts):
        pair = None if split.pairs is None else split.pairs[place]
        if text.strip():
            yield text.strip(), None if pair is None else pair.strip()


def _ask_all(todo: list[Row], judge: Judge, file: AnswersFile, budget: Budget, progress: ProgressTask) -> None:
    """Ask in threads; whatever stops this, what was asked already is written down."""
    waiting: dict[Future[Said], Row] = {}
    rows = iter(todo)
    with ThreadPoolExecutor(judge.num_together) as pool:
        try:
            while True:
                room = judge.num_together if file.answered else 1  # the first shows what a text costs
                while len(waiting) < room and budget.allows(file, len(waiting)):
                    row = next(rows, None)
                    if row is None:
                        break
                    waiting[pool.submit(judge.ask, *row)] = row
                if not waiting:
                    return
                _write(wait(waiting, return_when=FIRST_COMPLETED).done, waiting, file, progress)
        finally:
            _write(wait(waiting).done, waiting, file, progress)


def _write(
    done: set[Future[Said]], waiting: dict[Future[Said], Row], file: AnswersFile, progress: ProgressTask
) -> None:
    """Write what came in, and then raise what went wrong first."""
    failed = None
    for each in done:
        row = waiting.pop(each)
        if (error := each.exception()) is not None:
            failed = failed or error
            continue
        said = each.result()
        file.add(row, said)
        progress.advance()
    if failed is not None:
        raise failed
