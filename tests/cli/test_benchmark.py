"""``placette benchmark``: an unknown task, absent data, and the page it writes into."""

from __future__ import annotations

from pathlib import Path

import pytest

from placette.benchmarking import report
from placette.benchmarking.protocol import Row
from placette.benchmarking.tables import Published
from placette.benchmarking.tasks import TASKS
from placette.cli import main
from placette.model.errors import BadInput

ROW = Row(sql=0.5, mase=0.6, wape=0.1, wql=0.1, coverage80=0.79)
RESULT = report.Result(task=TASKS[0], ours=ROW, naive=ROW, parts={"trees": ROW}, trainings=2, cpu_s=3.4)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--task", "nothing"], "fev/air/1H"), (["--task", "fev/air/1D"], "--data")],
)
def test_what_cannot_be_run_says_the_remedy(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["benchmark", "--data", str(tmp_path), *arguments])
    assert ended.value.code == 1
    assert said in capsys.readouterr().err


def test_our_row_stands_where_its_score_puts_it() -> None:
    theirs = [Published(model=name, sql=sql, mase=1.0, wape=0.2, wql=0.2) for name, sql in (("A", 0.4), ("B", 0.6))]
    text = report.section(RESULT, theirs)
    assert "**2 of 3**" in text
    assert text.index("| A |") < text.index(report.OURS) < text.index("| B |")


def test_tables_are_written_between_the_marks_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.FIRST}old\n{report.LAST}after\n", encoding="utf-8")
    report.write(page, "new\n")
    assert page.read_text(encoding="utf-8") == f"before\n{report.FIRST}new\n{report.LAST}after\n"


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("mine\n", encoding="utf-8")
    with pytest.raises(BadInput, match="no place"):
        report.write(page, "new\n")
    assert page.read_text(encoding="utf-8") == "mine\n"
