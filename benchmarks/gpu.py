"""What a GPU can change and what it can do, in one command: tests, speed, and the share of what its products reach.

    python benchmarks/gpu.py --out runs/gpu

On a machine with Python alone it installs Potstill first, into a virtual environment in the folder. Then, within
`--minutes`, each part in a process of its own: the tests that a device can change, training between the sizes of
TinyBERT and of the default student against the published protocol and TextBrewer (where that is installed), the same
compiled, general distillation, and the length from which attention scores are compared by Gram matrices. Texts are
random words and weights are random, so nothing is read. Leaves `gpu.json` and, for docs/performance.md, `gpu.md`; what
did not fit is named there. With `--tiny` it takes a minute or two on a CPU, and its figures mean nothing.

Everything in this file is in Python's own library, as it runs before anything is installed.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SHARES = {"tests": 28, "base": 22, "small": 12, "general": 8, "gram": 4, "base-compiled": 16, "small-compiled": 10}
"""Parts, and how they share the time; what one leaves over goes to those after it, of which compiling needs most."""
TITLES = {
    "base": "BERT-base to 4/312/1200",
    "small": "6/384/1536 to 4/192/768",
    "general": "General distillation, 6/384/1536 to 4/192/768",
    "base-compiled": "BERT-base to 4/312/1200, compiled",
    "small-compiled": "6/384/1536 to 4/192/768, compiled",
    "gram": "Attention scores compared by Gram matrices",
}
WINDING_UP = 5.0
"""Seconds that a part has to write down what it has, before it is ended."""


def main() -> int:
    """Run all parts, and write down what they found; 0 where no test failed and every part was measured."""
    given = parse()
    given.out.mkdir(parents=True, exist_ok=True)
    python = install(given.out)
    found = measure(python, given)
    report = {"date": str(date.today()), "command": " ".join(sys.argv), "parts": found}
    (given.out / "gpu.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    page = write_page(report)
    (given.out / "gpu.md").write_text(page, encoding="utf-8")
    print(page)
    failed = found.get("tests", {}).get("failed", [])
    return int(bool(failed) or any(part["missing"] for part in found.values()))


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/gpu"), help="folder of the figures (runs/gpu)")
    parser.add_argument("--minutes", type=float, default=8.0, help="time for all parts, without installing (8)")
    parser.add_argument("--parts", nargs="+", choices=SHARES, default=list(SHARES), help="what to do (all)")
    parser.add_argument("--tiny", action="store_true", help="tiny shapes, to see that everything works")
    return parser.parse_args()


def install(folder: Path) -> Path:
    """Give a Python that has Potstill: this one, or that of an environment made in the folder, for tests too."""
    if find_spec("potstill"):
        return Path(sys.executable)
    python = (folder / "venv" / "bin" / "python").absolute()
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    pip = [python, "-m", "pip", "--disable-pip-version-check", "-q", "install"]
    subprocess.run([*pip, "--upgrade", "pip>=25.1"], check=True)
    subprocess.run([*pip, "-c", "constraints.txt", "-e", ".", "--group", "dev"], check=True, cwd=ROOT)
    subprocess.run([*pip, "--no-deps", "textbrewer"], check=False, cwd=ROOT)
    return python


def measure(python: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Run the parts one after the other, and end one that takes more than its share."""
    until, found = time.monotonic() + 60 * given.minutes, {}
    for place, name in enumerate(given.parts):
        shares = [SHARES[each] for each in given.parts[place:]]
        seconds = max(0.0, until - time.monotonic()) * shares[0] / sum(shares)
        file = (given.out / f"{name}.json").absolute()
        file.unlink(missing_ok=True)
        print(f"{name}: at most {seconds:.0f} s", flush=True)
        begun = time.monotonic()
        problem = run_part(python, name, file, seconds, ["--tiny"] if given.tiny else [])
        part = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        part |= {"wall_seconds": round(time.monotonic() - begun, 1), "missing": problem}
        found[name] = part
    return found


def run_part(python: Path, name: str, file: Path, seconds: float, options: list[str]) -> str:
    """Run one part; say what is missing of it, nothing where it came to its end."""
    command = [python, ROOT / "benchmarks" / "gpu_parts.py", name, "--seconds", f"{seconds:.1f}", "--file", file]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen([*command, *options], env=environment, cwd=ROOT, start_new_session=True)
    try:
        code = process.wait(timeout=seconds + WINDING_UP)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return f"ended after {seconds:.0f} s, its share of the time"
    return "" if code == 0 else f"ended with code {code}; its message stands above"


def write_page(report: dict[str, Any]) -> str:
    """Write the figures as docs/performance.md has them."""
    parts = report["parts"]
    machine = next((part["machine"] for part in parts.values() if "machine" in part), "unknown machine")
    lines = ["## On a GPU", "", f"{report['date']}, {machine}: `{report['command']}`."]
    if "counts" in parts.get("tests", {}):
        counts = ", ".join(f"{number} {outcome}" for outcome, number in parts["tests"]["counts"].items())
        lines += ["", f"Tests that a device can change: {counts}.", *parts["tests"]["notes"]]
        lines += [f"- failed: `{name}`" for name in parts["tests"]["failed"]]
    for name, title in TITLES.items():
        if rows := parts.get(name, {}).get("rows"):
            columns = list(rows[0])
            lines += ["", f"**{title}.** {parts[name]['note']}", "", f"| {' | '.join(columns)} |"]
            lines += ["| :-- " + "| --: " * (len(columns) - 1) + "|"]
            lines += [f"| {' | '.join(map(write_cell, row.values()))} |" for row in rows]
    lines += ["", *(f"- {name}: {part['missing']}" for name, part in parts.items() if part["missing"])]
    return "\n".join(lines).rstrip() + "\n"


def write_cell(value: object) -> str:
    """Write a figure with three digits or more; what was not measured is left out."""
    if not isinstance(value, float):
        return "" if value is None else str(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main())
