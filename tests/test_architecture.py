from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "placette"
PYTHON = sorted([*SOURCE.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")])
SCRIPTS = sorted(path for kind in ("*.ts", "*.css") for path in (ROOT / "components").glob(f"s*/**/{kind}"))
MOST_LINES = 400
MOST_FUNCTION_LINES = 60


def functions(path: Path) -> list[tuple[str, int]]:
    """Return line and name, and the number of lines, of every function in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        (f"{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(tree)
        if isinstance(node, kinds)
    ]


def rooms() -> list[Path]:
    """Return the folders directly below the package that hold code."""
    return sorted(path.parent for path in SOURCE.glob("*/__init__.py"))


def test_the_rooms_import_only_whom_they_may() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(SOURCE.parent)},
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr


def test_no_file_is_too_long() -> None:
    assert len(PYTHON) > 50
    lengths = {str(path.relative_to(ROOT)): len(path.read_bytes().splitlines()) for path in [*PYTHON, *SCRIPTS]}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_no_function_is_too_long() -> None:
    found = {f"{path.relative_to(ROOT)}:{name}": lines for path in PYTHON for name, lines in functions(path)}
    assert {name: lines for name, lines in found.items() if lines > MOST_FUNCTION_LINES} == {}


@pytest.mark.parametrize("room", rooms(), ids=lambda room: room.name)
def test_a_room_says_what_it_is_for(room: Path) -> None:
    assert ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8")))


def test_every_room_is_in_the_diagram() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = {room.name for room in rooms() if f"`{room.name}`" in text or f"`{room.name}/`" in text}
    assert {room.name for room in rooms()} - named == set()
