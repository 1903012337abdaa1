"""Archives that are made to harm, or that nobody can read, are refused with the reason."""

import gzip
import lzma
import zipfile

import pytest

from placette.model.errors import BadInput, TooLarge


@pytest.fixture
def archive(tmp_path):
    def archive(*names):
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w") as out:
            for name in names:
                out.writestr(name, "a\n1\n")
        return path

    return archive


@pytest.mark.parametrize("name", ["/etc/a.csv", "../a.csv", "x/../../a.csv", "c:/a.csv"])
def test_paths_that_lead_out_of_the_archive_are_refused(archive, take, name):
    with pytest.raises(BadInput, match="outside of itself"):
        take(archive(name), kind="csv")


@pytest.mark.parametrize("name", ["a.zip", "a.csv.gz", "a.tar"])
def test_an_archive_inside_an_archive_is_refused(archive, take, name):
    with pytest.raises(BadInput, match="another archive"):
        take(archive(name), kind="csv")


def test_an_archive_of_too_many_files_is_refused(archive, take):
    with pytest.raises(TooLarge):
        take(archive(*(f"{number}.csv" for number in range(10_001))), kind="csv")


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: lzma.compress(data, preset=0)])
def test_a_bomb_is_refused_before_it_has_gone_off(tmp_path, take, pack):
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(pack(b"a\n" + b"\n" * 200_000_000))
    with pytest.raises(TooLarge, match="times its size"):
        take(path)
