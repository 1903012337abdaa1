"""The command as a person or a script meets it: what it prints, where, and how it ends."""

import gzip
import os
from pathlib import Path

import pytest

from placette import cli
from placette.importing.detect import detect

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "import"
FILE, MAPPING = EXAMPLES / "comptages.csv", EXAMPLES / "comptages.toml"


@pytest.fixture
def run(capsys, tmp_path):
    def run(*arguments: str | Path) -> tuple[int, list[str], str]:
        with pytest.raises(SystemExit) as ended:
            cli.main(["import", *map(str, arguments), "--data", str(tmp_path / "data")])
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out.splitlines(), printed.err

    return run


def test_an_import_ends_with_its_figures_and_a_second_one_adds_nothing(run):
    code, out, _ = run(FILE, "--mapping", MAPPING)
    assert (code, out[-1]) == (
        0,
        "9 rows read, 26 values: 23 stored, 0 already there, 0 corrected, 3 set aside",
    )
    assert "2 things, 2 of them new; 3 datastreams, 3 of them new" in out
    assert run(FILE, "--mapping", MAPPING)[1][-2:] == [
        "2 things, 0 of them new; 3 datastreams, 0 of them new",
        "9 rows read, 26 values: 0 stored, 23 already there, 0 corrected, 3 set aside",
    ]


def test_a_dry_run_makes_no_data_folder(run, tmp_path):
    code, out, _ = run(FILE, "--mapping", MAPPING, "--dry-run")
    assert (code, out[-1][-19:]) == (0, "Nothing was stored.")
    assert "  line 2: EX-Rotonde-nord/pedestrians 2024-10-26T20:00:00Z/2024-10-26T21:00:00Z 1184" in out
    assert not (tmp_path / "data").exists()


def test_an_error_is_one_sentence_with_where_and_remedy(run, tmp_path):
    code, out, err = run(tmp_path / "absent.csv", "--mapping", MAPPING)
    assert (code, out) == (1, [])
    assert err == f"placette: there is no such file ({tmp_path / 'absent.csv'}) — check the path\n"


def test_a_misspelt_command_ends_with_two(run):
    assert run(FILE, "--maping", MAPPING)[0] == 2


def test_without_a_mapping_the_understanding_is_shown_and_doubts_are_not_imported(run, tmp_path):
    code, out, err = run(FILE)
    assert code == 1
    assert "   format: '%d/%m/%Y %H:%M' (date and time of day; no other format fits)" in out
    assert " ? Rotonde nord → rotonde_nord in 1: 1 184, 761, 402 (the name tells neither what nor in which unit)" in out
    assert "nothing was stored, because some guesses are doubtful" in err
    assert not (tmp_path / "data").exists()


def test_a_saved_mapping_can_be_used_and_is_not_written_over(run, tmp_path):
    saved = tmp_path / "saved.toml"
    assert run(FILE, "--dry-run", "--save-mapping", saved, "--city", ROOT / "cities" / "aix")[0] == 0
    assert run(FILE, "--mapping", saved)[1][-1].startswith("9 rows read, 26 values: 23 stored")
    assert run(FILE, "--dry-run", "--save-mapping", saved)[0] == 1


def test_doubts_are_imported_when_somebody_says_yes(run):
    assert run(FILE, "--yes", "--city", ROOT / "cities" / "aix")[0] == 0


def test_a_file_without_time_or_place_is_refused_with_the_reason(run, tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text("a,b\n1,2\n1,2\n3,4\n")
    code, _, err = run(path, "--yes")
    assert (code, "neither a time nor an identifier nor a position was found" in err) == (1, True)


def test_a_cut_file_ends_with_one_and_says_what_stays(run, tmp_path):
    whole = FILE.read_bytes() + b"".join(
        b"01/01/1999;00:00;%s;1;1\n" % os.urandom(6).hex().encode() for _ in range(50_000)
    )
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(gzip.compress(whole)[:-1000])
    code, out, err = run(cut, "--mapping", MAPPING)
    assert code == 1
    assert " stored, 0 already there" in out[-1]
    assert "cut off or damaged" in err
    assert err.endswith("What was read before that is stored and stays.\n")


def test_a_long_import_tells_how_far_it_is(run, tmp_path):
    path = tmp_path / "long.csv"
    rows = "".join(f"{946_684_800 + 60 * row},{row % 90}\n" for row in range(700_000))
    path.write_text("t,a\n" + rows)
    mapping = tmp_path / "m.toml"
    text = MAPPING.read_text().split("[[values]]")[0].replace('decimal = ","\nthousands = " "\n', "")
    text = text.replace('["date", "heure"]', '"t"').replace('"%d/%m/%Y %H:%M"', '"epoch s"')
    mapping.write_text(text + '[[values]]\ncolumns = "a"\nproperty = "pedestrians"\nunit = "{person}"\n')
    code, out, err = run(path, "--mapping", mapping, "--dry-run")
    assert code == 0
    assert "700,000 values: 700,000 would be stored" in out[-1]
    assert "long.csv: " in err
    assert "%" in err


def test_a_mapping_that_was_saved_for_these_columns_is_used(run, tmp_path):
    saved = tmp_path / "data" / "mappings"
    saved.mkdir(parents=True)
    (saved / f"{detect(FILE).fingerprint}.toml").write_text(MAPPING.read_text())
    code, out, _ = run(FILE)
    assert (code, out[-1]) == (0, "9 rows read, 26 values: 23 stored, 0 already there, 0 corrected, 3 set aside")
    assert "read by the mapping that was saved" in out[0]
