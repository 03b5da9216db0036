"""The text of a file, in the encodings that there are, packed or not."""

import codecs
import gzip
import zlib
from pathlib import Path

from potstill.data.tables import PACKED
from potstill.errors import DataError

MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
"""What a file begins with, and its encoding; that of UTF-32 begins as that of UTF-16 does."""


def check_is_file(path: Path) -> None:
    """Refuse what is no plain file."""
    if path.is_file():
        return
    if path.is_dir():
        raise DataError(f"'{path}' is a folder; give a data file in it.")
    if path.exists():
        raise DataError(
            f"'{path}' is a pipe or a device, whose name does not tell a format; save what it gives as a file, such as "
            "data.csv, first."
        )
    raise DataError(f"data file '{path}' does not exist; give a file that does.")


def read_text(path: Path) -> tuple[str, tuple[str, ...]]:
    """Read a whole text file; also say how, where it is not plain UTF-8."""
    raw = _read_bytes(path)
    encoding = next((encoding for mark, encoding in MARKS if raw.startswith(mark)), "utf-8")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        found = f"byte 0x{raw[error.start]:02x}, the {error.start + 1:,}th of the file"
        raise DataError(
            f"{path}: line {line} is not {encoding.removesuffix('-sig').upper()} text ({found}); save the file as "
            "UTF-8."
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{path}: line {line} has a zero byte, so this is no UTF-8 text; save the file as UTF-8.")
    return text, (encoding.upper(),) if encoding in ("utf-16", "utf-32") else ()


def read_lines(path: Path) -> list[str]:
    """Read a text file with one text a line; only a line feed ends a line."""
    check_is_file(path)
    lines = read_text(path)[0].split("\n")
    if not lines[-1]:
        lines.pop()
    if not lines:
        raise DataError(f"{path}: the file holds no examples.")
    return [line.rstrip("\r") for line in lines]


def _read_bytes(path: Path) -> bytes:
    try:
        if path.suffix.lower() != PACKED:
            return path.read_bytes()
        with gzip.open(path) as file:
            return file.read()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path}: not a whole gzip file ({str(error).rstrip('.')}); get or pack it anew.") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from None
