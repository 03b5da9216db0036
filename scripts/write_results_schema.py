"""Write docs/results-schema.json from the code."""

from pathlib import Path

from potstill.files import write_json
from potstill.results import Results

PATH = Path(__file__).parents[1] / "docs" / "results-schema.json"

if __name__ == "__main__":
    write_json(PATH, Results.model_json_schema())
    print(f"wrote {PATH.relative_to(PATH.parents[1])}")
