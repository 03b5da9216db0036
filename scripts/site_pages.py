"""Pages of the site that are made from the code: every setting, every objective, the changelog. A hook of mkdocs."""

import inspect
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]


def write_pages() -> Mapping[str, str]:
    """Write them as Markdown, by the name of their file."""
    from potstill.cli.setting_list import list_sections

    sections = list_sections()
    losses = [section for section in sections if section.path.startswith("stages.NAME.objectives.")]
    return {
        "settings.md": _settings([section for section in sections if section not in losses]),
        "objectives.md": _objectives(losses),
        "changelog.md": (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
    }


def on_files(files, config):  # noqa: ANN001, ANN201 - mkdocs calls it, which is not installed where types are checked
    """Add the pages to those of the folder."""
    from mkdocs.structure.files import File

    for name, text in write_pages().items():
        files.append(File.generated(config, name, content=text))
    return files


def _settings(sections) -> str:  # noqa: ANN001 - of potstill.cli, imported when it is wanted
    parts = [
        "# Every setting",
        "A recipe is these fields. `--set PATH=VALUE` changes one, in Python `overrides={PATH: VALUE}`; `NAME` is the "
        "name of a stage. In a terminal, `potstill recipes settings data` lists those under `data`. Objectives have "
        "[a page of their own](objectives.md).",
    ]
    for section in sections:
        title = f"`{section.path}`" if section.path else "The recipe itself"
        kind = f", kind `{section.kind}`" if section.kind else ""
        parts += [f"## {title}{kind}", _paragraph(section.doc), _table(section.settings)]
    return "\n\n".join(parts) + "\n"


def _objectives(sections) -> str:  # noqa: ANN001 - as above
    shared = [setting.path.rpartition(".")[2] for setting in sections[0].settings[:4]]
    parts = [
        "# Objectives",
        "A stage adds up as many as you like, each times its `weight`. Losses are means over examples or over real "
        "tokens; padding is never counted. [Losses of your own](research.md#a-loss-of-your-own) stand beside these.",
        "## What all have",
        _table([setting for setting in sections[0].settings[:4] if not setting.path.endswith(".kind")]),
    ]
    for section in sections:
        own = [setting for setting in section.settings if setting.path.rpartition(".")[2] not in shared]
        parts += [f"## {section.kind}", _paragraph(section.doc)]
        parts += [f"```text\n{text}\n```" for text in _equations(section.config)]
        parts += [_table(own)] if own else []
    return "\n\n".join(parts) + "\n"


def _equations(config: type) -> list[str]:
    """Find the functions beside a config whose docs have the equation."""
    module = sys.modules[config.__module__]
    found = [
        inspect.getdoc(item) or ""
        for item in vars(module).values()
        if inspect.isfunction(item) and item.__module__ == module.__name__ and not item.__name__.startswith("_")
    ]
    return [text for text in found if "=" in text or "mean over" in text]


def _paragraph(text: str) -> str:
    """Keep words as words: angle brackets and pipes are no markup."""
    return text.replace("<", "&lt;").replace("Paper:\n    ", "Paper: ")


def _table(settings) -> str:  # noqa: ANN001 - as above
    rows = ["| setting | takes | left out | what it means |", "| :-- | :-- | :-- | :-- |"]
    for each in settings:
        cells = (f"`{each.path}`", each.values, each.default, each.doc)
        rows.append("| " + " | ".join(cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells) + " |")
    return "\n".join(rows)
