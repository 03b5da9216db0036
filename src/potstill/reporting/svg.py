"""SVG as a tree of elements, so that no text can become markup."""

import unicodedata
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup

Element = ElementTree.Element


def begin(width: float, height: float, *, label: str, css: str = "chart") -> Element:
    """Begin a picture."""
    root = Element("svg", {"viewBox": f"0 0 {width:g} {height:g}", "role": "img", "aria-label": label, "class": css})
    root.set("width", f"{width:g}")
    root.set("height", f"{height:g}")
    return root


def add(parent: Element, tag: str, text: str | None = None, **attributes: Any) -> Element:  # noqa: ANN401 - written as text
    """Add an element."""
    element = ElementTree.SubElement(parent, tag)
    for name, value in attributes.items():
        written = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
        element.set("class" if name == "css" else name.replace("_", "-"), written)
    element.text = None if text is None else _without_controls(text)
    return element


def finish(root: Element) -> Markup:
    """Write a picture as markup that can stand in a page."""
    root.set("aria-label", _without_controls(root.get("aria-label", "")))
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704 - ElementTree has escaped it


def _without_controls(text: str) -> str:
    """Replace characters that XML does not know."""
    return "".join("\ufffd" if unicodedata.category(each) in ("Cc", "Cs") else each for each in text)
