"""Photos go with a backup and come back whole, or not at all."""

from __future__ import annotations

import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from placette import photo_backup
from placette.cli.backup import backup, restore
from placette.model.errors import BadInput, Conflict, StorageFailure
from placette.photos import Photos
from placette.settings import DATABASE
from placette.store import Store

# A JPEG of one pixel: start, quantisation, frame, scan, end.
PIXEL = bytes.fromhex(
    "ffd8ffdb004300" + "01" * 64 + "ffc0000b080001000101011100ffc40014000100000000000000000000000000000009"
    "ffc40014100100000000000000000000000000000000ffda0008010100003f0054ffd9"
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with two photos of two sites."""
    folder = tmp_path / "data"
    folder.mkdir()
    Store.open(folder / DATABASE).close()
    for code in ("AIX-ROT-AIR-01", "AIX-HDV-AIR-01"):
        Photos(folder).add(code, PIXEL)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder / "photos")) for file in folder.glob("photos/*/*"))


def test_photos_go_with_a_backup_and_come_back(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "nas" / "copy.duckdb"
    assert backup(copy, data=data) == 0
    assert "photos: 2, " in capsys.readouterr().out
    assert sorted(file.name for file in copy.parent.iterdir()) == ["copy.duckdb", "copy.duckdb.photos.tar"]
    assert restore(copy, data=tmp_path / "elsewhere") == 0
    assert "photos: 2 restored" in capsys.readouterr().out
    assert names(tmp_path / "elsewhere") == names(data) != []
    site = Photos(tmp_path / "elsewhere")
    assert site.file("AIX-ROT-AIR-01", site.names("AIX-ROT-AIR-01")[0]).read_bytes()[:3] == b"\xff\xd8\xff"


def test_a_damaged_photo_is_left_out_and_told(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "photos" / names(data)[0]).write_bytes(b"rotten")
    assert backup(tmp_path / "copy.duckdb", data=data) == 1
    said = capsys.readouterr().out
    assert "photos: 1, " in said
    assert f"damaged and left out: photo {names(data)[0]}" in said


def test_without_photos_there_is_no_second_file(data: Path, tmp_path: Path) -> None:
    assert photo_backup.pack(tmp_path / "nothing", tmp_path / "copy.duckdb").photos == 0
    assert photo_backup.unpack(tmp_path / "copy.duckdb", data).photos == 0
    assert not photo_backup.beside(tmp_path / "copy.duckdb").exists()


def test_a_backup_of_photos_never_overwrites(data: Path, tmp_path: Path) -> None:
    photo_backup.pack(data, tmp_path / "copy.duckdb")
    with pytest.raises(Conflict, match="exists"):
        photo_backup.pack(data, tmp_path / "copy.duckdb")


@pytest.mark.parametrize("name", ["../../evil.jpg", "/etc/passwd", "AIX/0123456789abcdef0123.jpg", "AIX/x.php"])
def test_a_file_that_holds_anything_else_is_refused_before_anything_is_written(
    data: Path, tmp_path: Path, name: str
) -> None:
    copy = tmp_path / "copy.duckdb"
    photo_backup.pack(data, copy)
    with tarfile.open(photo_backup.beside(copy), "a") as tape:
        entry = tarfile.TarInfo(name)
        entry.size = 4
        tape.addfile(entry, BytesIO(b"evil"))
    with pytest.raises(BadInput, match="no photo of ours"):
        photo_backup.unpack(copy, tmp_path)
    assert not (tmp_path / "photos").exists()


def test_a_file_that_breaks_off_is_refused(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    photo_backup.pack(data, copy)
    whole = photo_backup.beside(copy).read_bytes()
    photo_backup.beside(copy).write_bytes(whole[:700])
    with pytest.raises((BadInput, StorageFailure)):
        photo_backup.unpack(copy, tmp_path)
    assert not (tmp_path / "photos").exists()
