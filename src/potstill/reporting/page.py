"""From a template to one page that needs nothing else: styles, script and data inside, outside requests forbidden."""

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from potstill import __version__
from potstill.controls import known_controls
from potstill.results import to_html, write_hundred


def render_page(template: str, data: Any, **content: Any) -> str:  # noqa: ANN401 - for a template
    """Fill a template."""
    style, script = _asset("report.css") + _control_colours(), _asset("report.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    return (
        _environment()
        .get_template(template)
        .render(
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            policy=policy,
            data=embed_json(data),
            version=__version__,
            **content,
        )
    )


def embed_json(value: Any) -> Markup:  # noqa: ANN401 - any JSON value
    r"""Write JSON so that it can stand inside a script element.

    Example:
        >>> print(embed_json("</script>"))
        "\u003c/script\u003e"
    """
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - nothing in it can be markup any more


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("potstill.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["hundred"] = write_hundred
    environment.filters["table"] = lambda table: Markup(to_html(table))  # noqa: S704 - its writer escapes
    return environment


@cache
def _asset(name: str) -> str:
    return files("potstill.reporting").joinpath("templates", name).read_text(encoding="utf-8")


def _control_colours() -> str:
    """Write the colours of the controls as styles; paper that is printed on is light."""
    light, dark = (
        "".join(f" --{control.name}: {control.colours[paper]};" for control in known_controls()) for paper in (0, 1)
    )
    classes = "".join(f".{control.name} {{ color: var(--{control.name}); }}\n" for control in known_controls())
    return (
        f":root {{{light} }}\n@media (prefers-color-scheme: dark) {{ :root {{{dark} }} }}\n"
        f"@media print {{ :root {{{light} }} }}\n{classes}"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
