from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from placette import cli
from placette.basemap import tiles

ROOT = Path(__file__).parents[2]


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Run one command in this process and return its exit code and what it printed."""
    with pytest.raises(SystemExit) as ended:
        cli.main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


def test_a_basemap_lands_in_the_data_folder(
    capsys: pytest.CaptureFixture[str], shared_data: Path, tmp_path: Path
) -> None:
    extract = shared_data / "gis" / "monaco.osm.pbf"
    code, out, err = run(capsys, "basemap", extract, "--data", tmp_path, "--max-zoom", "14")
    target = tmp_path / "basemap.pmtiles"
    assert code == 0, err
    assert tiles.describe(target).max_zoom == 14
    assert f"{target.stat().st_size:,} bytes: {target}" in out
    assert "© OpenStreetMap contributors" in out
    assert "reading the extract\ncutting the tiles" in err


def test_an_extract_of_another_city_is_refused(
    capsys: pytest.CaptureFixture[str], shared_data: Path, tmp_path: Path
) -> None:
    extract = shared_data / "gis" / "monaco.osm.pbf"
    code, out, err = run(capsys, "basemap", extract, "--city", ROOT / "cities" / "aix", "--data", tmp_path)
    assert (code, out) == (1, "")
    assert "take the extract of the city's own region" in err


def test_a_zoom_out_of_bounds_is_a_misspelt_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, _ = run(capsys, "basemap", tmp_path / "x.osm.pbf", "--max-zoom", "17")
    assert code == 2


def test_without_the_extra_the_remedy_is_named(tmp_path: Path) -> None:
    script = "import sys; sys.modules['osmium'] = None; from placette import cli; cli.main(['basemap', 'x.osm.pbf'])"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT / "src")},
    )
    assert done.returncode == 1
    assert "pip install 'placette[basemap]'" in done.stderr
