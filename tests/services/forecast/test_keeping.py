"""What was learnt is read only when this data folder signed it, and replaced in one step."""

from __future__ import annotations

import pickle
import zlib
from pathlib import Path

import numpy as np
import pytest

from placette.analyse.forecast import system
from placette.services.forecast import keeping
from placette.services.forecast.keeping import Kept, Learnt, load_model, load_record, packed, save_model, save_record

NOTHING = system.Trained(answers=[], settings=system.Settings())
LEARNT = Learnt(trained=NOTHING, far=NOTHING, at=1, names=(), keys=(), cpu_s=0.1, history_steps=9, values=9)


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return Path.touch, (Path("evil"),)  # type: ignore[return-value]


def test_what_was_learnt_comes_back(tmp_path: Path) -> None:
    assert load_model(tmp_path, "hour") is None
    save_model(tmp_path, "hour", LEARNT)
    assert load_model(tmp_path, "hour") == LEARNT
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("change", ["foreign", "flipped", "cut", "empty"])
def test_a_file_from_elsewhere_is_never_opened(tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_model(tmp_path, "hour", LEARNT)
    file = tmp_path / "hour.model"
    whole = file.read_bytes()
    body = zlib.compress(pickle.dumps(Evil()))
    changed = {"foreign": whole[:57] + body, "flipped": whole[:-1] + b"?", "cut": whole[:40], "empty": b""}
    file.write_bytes(changed[change])
    assert load_model(tmp_path, "hour") is None
    assert not (tmp_path / "evil").exists()


def test_a_model_signed_by_another_city_is_not_ours(tmp_path: Path) -> None:
    save_model(tmp_path / "one", "hour", LEARNT)
    save_model(tmp_path / "other", "hour", LEARNT)
    (tmp_path / "other" / "hour.model").write_bytes((tmp_path / "one" / "hour.model").read_bytes())
    assert load_model(tmp_path / "other", "hour") is None


def test_what_breaks_while_it_is_written_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_model(tmp_path, "hour", LEARNT)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keeping.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_model(tmp_path, "hour", LEARNT)
    assert load_model(tmp_path, "hour") == LEARNT
    assert not list(tmp_path.glob("*.part"))


def test_former_issues_come_back_and_the_oldest_go(tmp_path: Path) -> None:
    quantiles = np.arange(24 * 2 * 19, dtype=float).reshape(24, 2, 19)
    data = packed(quantiles)
    record = [
        Kept(start_s=86_400 * day, keys=(3, 5), steps=24, parts=(data,), raw=data, final=data) for day in range(70)
    ]
    save_record(tmp_path, "hour", record)
    found = load_record(tmp_path, "hour")
    assert (len(found), found[0].start_s) == (28, 42 * 86_400)
    assert np.array_equal(found[0].array(found[0].final), quantiles)
    (tmp_path / "hour.record").write_bytes(b"no record")
    assert load_record(tmp_path, "hour") == []
