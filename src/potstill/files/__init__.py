"""Files: written whole and synced, sealed with checksums, locked while they are worked on, read with one sentence."""

from potstill.files.disk import explain_machine, make_folder, sync
from potstill.files.leftovers import sweep
from potstill.files.locks import LOCK, held, one_at_a_time
from potstill.files.names import expand_user, fingerprint_files, follow_link
from potstill.files.reading import read_json, read_json_lines, read_text
from potstill.files.seals import SEAL, check_file, check_folder, is_whole, say_damaged
from potstill.files.whole import seal_file, unseal_file, whole_file, whole_folder, write_json, write_text

__all__ = [
    "LOCK",
    "SEAL",
    "check_file",
    "check_folder",
    "expand_user",
    "explain_machine",
    "fingerprint_files",
    "follow_link",
    "held",
    "is_whole",
    "make_folder",
    "one_at_a_time",
    "read_json",
    "read_json_lines",
    "read_text",
    "say_damaged",
    "seal_file",
    "sweep",
    "sync",
    "unseal_file",
    "whole_file",
    "whole_folder",
    "write_json",
    "write_text",
]
