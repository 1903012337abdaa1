import pytest

from placette import city
from placette.model.errors import BadInput, Conflict, StorageFailure


@pytest.mark.parametrize("name", ["Arles", "L'Isle-sur-la-Sorgue", 'A "quoted" $name \\ {}', "Saint-Étienne\x7f\t1"])
def test_any_name_makes_a_valid_folder(tmp_path, name):
    city.scaffold(name, tmp_path / "new")
    assert city.read(tmp_path / "new").name == name.replace("\x7f", "")


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(Conflict, match="not empty"):
        city.scaffold("Arles", tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_a_name_without_latin_letters_is_refused_with_a_remedy(tmp_path):
    with pytest.raises(BadInput, match="give a name with letters"):
        city.scaffold("東京", tmp_path / "new")


def test_a_target_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailure):
        city.scaffold("Arles", tmp_path / "file")
