"""What is written as JSON and read again: one way to write it, one sentence where it cannot be read."""

from pathlib import Path
from typing import ClassVar, TypeVar

from potstill.config import Config
from potstill.errors import RecipeError
from potstill.files import read_json, say_damaged, write_json

RecordType = TypeVar("RecordType", bound="Record")  # not Self, which runtime type checks do not take


class Record(Config):
    """A file of a run.

    Attributes:
        remedy: What to do where such a file cannot be read, as the end of a message.
    """

    remedy: ClassVar[str]

    def write(self, path: Path) -> None:
        """Write the file whole or not at all.

        Args:
            path: The file; its folder must exist.
        """
        write_json(path, self.model_dump(mode="json"), is_sealed=True)

    @classmethod
    def read(cls: type[RecordType], path: Path) -> RecordType:
        """Read what `write` wrote.

        Args:
            path: The file.

        Returns:
            The checked record.

        Raises:
            RunError: The file is missing, damaged, or another record's.
        """
        try:
            return cls.parse(read_json(path, remedy=cls.remedy))
        except RecipeError as error:
            raise say_damaged(path, error, remedy=cls.remedy) from None
