"""Files are written through one room, which makes them whole, synced and told by their name."""

import ast
from pathlib import Path

import potstill

SOURCE = Path(potstill.__file__).parent
WRITES = {"mkdir", "rename", "save_file", "save_model", "save_pretrained", "touch", "truncate", "write_bytes"} | {
    "write_table",
    "ParquetWriter",
}
ASIDE = {
    "augmentation/output.py": "joins parts into what `whole_file` gave",
    "cli/surroundings.py": "opens /dev/null",
    "data/corpus.py": "fills what `whole_folder` gave",
    "data/duplicates.py": "fills what `whole_folder` gave",
    "data/tokenised.py": "fills what `whole_folder` gave",
    "engines/onnx_graph.py": "fills what `whole_folder` gave",
    "hub/encoder.py": "saves into the folder that it is given, a whole one",
    "hub/given.py": "saves into a temporary folder, which is copied into what `whole_folder` gave",
    "hub/trimming.py": "makes a tokenizer in a temporary folder",
    "judges/answers_file.py": "answers come line by line, and a half written line is cut off",
    "suites/cell.py": "a log grows line by line",
    "suites/workers.py": "a log grows line by line",
    "training/events.py": "a log grows line by line, and is synced and sealed",
    "training/state.py": "fills the folder of a checkpoint",
}
"""Who writes otherwise, and why that is right."""


def writes(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    modes = [each.value for each in node.args if isinstance(each, ast.Constant)]
    is_opened = name == "open" and any(isinstance(mode, str) and mode[:1] in "wax" and len(mode) < 4 for mode in modes)
    is_method = name == "write_text" and isinstance(node.func, ast.Attribute)
    is_numpy = name == "save" and ast.unparse(node.func).startswith("np.")
    return name in WRITES or is_opened or is_method or is_numpy


def is_whole(node: ast.AST) -> bool:
    calls = [ast.unparse(item.context_expr) for item in node.items] if isinstance(node, ast.With) else []
    return any(call.startswith(("whole_file(", "whole_folder(")) for call in calls)


def test_files_are_written_through_one_room():
    found = set()
    for path in sorted(SOURCE.rglob("*.py")):
        place = path.relative_to(SOURCE).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inside = {id(each) for node in ast.walk(tree) if is_whole(node) for each in ast.walk(node)}
        if any(writes(node) and id(node) not in inside for node in ast.walk(tree)) and not place.startswith("files/"):
            found.add(place)
    assert found == set(ASIDE)
