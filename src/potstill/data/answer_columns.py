"""Which columns of a table hold texts, and which say what a teacher thinks of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from potstill.answers import FORMS, TAG_COLUMNS, Form, LabelColumn, ToldAnswers, list_names
from potstill.data.config import DataConfig
from potstill.data.records import Split, Task
from potstill.data.tables import DataTable
from potstill.data.texts import TextColumns
from potstill.data.unlabeled import UnlabeledSource
from potstill.errors import DataError
from potstill.files import expand_user


def find_table(path: str) -> UnlabeledSource:
    """Find a table of answers."""
    place = expand_user(path)
    if not place.is_file():
        what = "is a folder, and answers lie in one file" if place.is_dir() else "does not exist"
        raise DataError(
            f"teacher.answers: '{path}' {what}; give a file with texts and what the teacher says; what several say of "
            "a text stands in one cell of a column 'votes'."
        )
    return UnlabeledSource(name=str(place), path=place)


def find_texts(table: DataTable, config: DataConfig, task: Task) -> TextColumns:
    """Find the texts in the columns of the data, or in those that `potstill predict --with-text` writes."""
    own = [name if name in table.columns else None for name in (config.text, config.text_pair)]
    return TextColumns(text=own[0], text_pair=own[1], is_pair=task.is_pair)


def find_said(table: DataTable, config: DataConfig, split: Split | None = None) -> ToldAnswers:
    """Choose the columns that say most, of words where the texts of the table have such."""
    words = None if split is None else split.words
    tags = () if words is None else TAG_COLUMNS
    for form, (names, prefix) in FORMS.items():
        known = (*names, config.label, *tags) if form == "label" else names
        column = next((name for name in known if name in table.columns), None)
        if column is not None:
            cells: Sequence[Any] = table.columns[column][:]
            class_names = table.class_names.get(column)
            if form == "label" and words is None:
                cells = _named(cells, class_names, config)
            return ToldAnswers(
                form=form,
                cells=cells,
                place=f"{table.name}, column '{column}'",
                rows=table.rows,
                class_names=class_names,
                texts=() if split is None else split.texts,
                words=words,
            )
        own = [] if prefix is None else [name for name in table.columns if name.startswith(prefix)]
        if own and prefix is not None:
            return _join(table, form, {name.removeprefix(prefix): name for name in own})
    wanted = ", ".join([*(name for names, _ in FORMS.values() for name in names), *tags])
    raise DataError(
        f"teacher.answers: {table.name} has no column that says what the teacher thinks; name one of its columns "
        f"({list_names(list(table.columns))}) {wanted}, or probability_NAME for each label."
    )


def _named(cells: Sequence[Any], class_names: tuple[str, ...] | None, config: DataConfig) -> Sequence[Any]:
    """Write class indices as names, and several labels that stand in one cell as lists."""
    if class_names is not None:
        return [class_names[cell] if isinstance(cell, int) and 0 <= cell < len(class_names) else None for cell in cells]
    if config.label_separator is None:
        return cells
    return [list(names) for names in LabelColumn(cells=cells, place="", separator=config.label_separator).sets()]


def _join(table: DataTable, form: Form, columns: Mapping[str, str]) -> ToldAnswers:
    """Put the columns of single labels together."""
    cells = {label: table.columns[name][:] for label, name in columns.items()}
    rows = [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]
    told = [row if any(value not in (None, "") for value in row.values()) else None for row in rows]
    return ToldAnswers(
        form=form, cells=told, place=f"{table.name}, columns {', '.join(columns.values())}", rows=table.rows
    )
