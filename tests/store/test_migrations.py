"""Numbered steps, a dry run, a copy to go back to, and clear words about files that are not ours."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from placette.model.errors import StorageFailure
from placette.store import Store, engine, migrations
from placette.store.schema import MIGRATIONS, NEWEST, Migration

NEXT = Migration(NEWEST + 1, "a table more", ("CREATE TABLE one_more (id BIGINT)",))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "city.duckdb"
    Store.open(path).close()
    return path


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version of the program that knows one step more."""
    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, NEXT))
    monkeypatch.setattr(migrations, "NEWEST", NEXT.number)


def tables(path: Path) -> set[str]:
    with duckdb.connect(str(path), read_only=True) as con:
        return {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}


def test_the_dry_run_lists_the_steps_and_changes_nothing(file: Path, newer: None) -> None:
    assert [step.number for step in migrations.plan(file)] == [NEXT.number]
    assert str(migrations.plan(file)[0]) == f"schema {NEXT.number}: a table more (1 statements)"
    assert "one_more" not in tables(file)


def test_the_dry_run_of_a_new_file_lists_every_step(tmp_path: Path) -> None:
    assert migrations.plan(tmp_path / "absent.duckdb") == MIGRATIONS


def test_opening_does_the_steps_once_and_keeps_a_copy_from_before(file: Path, newer: None) -> None:
    Store.open(file).close()
    Store.open(file).close()
    assert "one_more" in tables(file)
    copy = file.with_name(f"city.duckdb.schema{NEWEST}")
    assert "one_more" not in tables(copy)
    assert migrations.plan(file) == ()


def test_a_step_that_fails_leaves_the_file_as_it_was(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Migration(NEWEST + 1, "broken", (*NEXT.statements, "CREATE TABLE thing (id BIGINT)"))
    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, broken))
    monkeypatch.setattr(migrations, "NEWEST", broken.number)
    with pytest.raises(StorageFailure, match="thing"):
        Store.open(file)
    assert "one_more" not in tables(file)


def test_a_file_of_a_newer_version_is_refused_with_the_way_out(file: Path) -> None:
    with duckdb.connect(str(file)) as con:
        con.execute("INSERT INTO schema_version VALUES (99, now()::TIMESTAMP)")
    with pytest.raises(StorageFailure, match="schema 99") as caught:
        Store.open(file)
    assert "newer Placette" in caught.value.remedy
    with duckdb.connect(str(file)) as con:  # it was let go of
        con.execute("DELETE FROM schema_version WHERE number = 99")
    Store.open(file).close()


def test_somebody_elses_database_is_left_alone(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "other.duckdb")) as con:
        con.execute("CREATE TABLE invoices (id BIGINT)")
    with pytest.raises(StorageFailure, match="not one of ours"):
        Store.open(tmp_path / "other.duckdb")
    assert tables(tmp_path / "other.duckdb") == {"invoices"}


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "city.duckdb").write_text("hello " * 1000)
    with pytest.raises(StorageFailure, match="damaged"):
        Store.open(tmp_path / "city.duckdb")


def test_the_numbers_rise_one_by_one() -> None:
    assert [step.number for step in MIGRATIONS] == list(range(1, NEWEST + 1))
    assert engine.migrations is migrations
