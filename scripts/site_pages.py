"""Pages of the site that are made from the code: every setting, every objective, the changelog. A hook of mkdocs.

Run as a script, it draws the picture `docs/frontier.svg` anew, out of the page `docs/grid-report.html`.
"""

import inspect
import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parents[1]


def write_pages() -> Mapping[str, str]:
    """Write them as Markdown, by the name of their file."""
    from potstill.cli.setting_list import list_command_sections, list_sections

    sections = list_sections()
    losses = [section for section in sections if section.path.startswith("stages.NAME.objectives.")]
    return {
        "settings.md": _settings([section for section in sections if section not in losses])
        + _commands(list_command_sections()),
        "objectives.md": _objectives(losses),
        "changelog.md": (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
    }


FRONTIER = ROOT / "docs" / "frontier.svg"
_STYLE = """
text { font: 11px system-ui, sans-serif; fill: #5c636d } .title { fill: #22252a; font-size: 12px }
.grid line { stroke: #ebe9e3 } .line { fill: none; stroke: currentColor; stroke-width: 2; opacity: .55 }
.dot { fill: currentColor } .dot.other { fill: #fdfcfa; stroke: currentColor }
.name { fill: currentColor; font-weight: 600 } .name.other { font-weight: 400 }
.teacher { color: #1f5b96 } .student { color: #b4530f } .general { color: #8a6d1d } .random { color: #7b5ea7 }
.other { color: #5c636d }
"""


def draw_frontier() -> str:
    """Take the picture of quality and speed on SST-2 out of the page, with the style that it needs to stand alone."""
    page = (ROOT / "docs" / "grid-report.html").read_text(encoding="utf-8")
    picture = re.findall(r"<svg .*?</svg>", page[page.index("<h3>sst-2</h3>") :], re.DOTALL)[1]
    begin, _, rest = picture.partition(">")
    opened = begin.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"')
    return f'{opened}><style>{_STYLE}</style><rect width="480" height="340" fill="#fdfcfa"/>{rest}\n'


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


def _commands(sections) -> str:  # noqa: ANN001 - as above
    parts = []
    for name, section in sections.items():
        parts += [
            f"## `potstill {name}`",
            f"{_paragraph(section.doc)} A flag of the command (`per_channel` is `--per-channel`, and so on), in Python "
            f"an entry of `potstill.{name}(..., settings={{...}})`.",
            _table(section.settings),
        ]
    return "\n" + "\n\n".join(parts) + "\n"


def _objectives(sections) -> str:  # noqa: ANN001 - as above
    common = [
        replace(each, path=each.path.replace(f".{sections[0].kind}.", ".KIND.")) for each in sections[0].settings[:4]
    ]
    shared = [setting.path.rpartition(".")[2] for setting in common]
    parts = [
        "# Objectives",
        "A stage adds up as many as you like, each times its `weight`. Losses are means over examples or over real "
        "tokens; padding is never counted. [Losses of your own](research.md#a-loss-of-your-own) stand beside these.",
        "## What all have",
        _table(common),
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
        if each.path.rpartition(".")[2] == "kind" and not each.doc:
            continue  # the heading says it
        cells = (f"`{each.path}`", each.values, each.default, each.doc)
        rows.append("| " + " | ".join(cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells) + " |")
    return "\n".join(rows)


if __name__ == "__main__":
    FRONTIER.write_text(draw_frontier(), encoding="utf-8")
