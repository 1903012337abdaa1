from pathlib import Path

import pytest

from placette import settings
from placette.model.errors import BadInput


def test_a_data_folder_without_settings_has_the_defaults(tmp_path: Path) -> None:
    assert settings.read(tmp_path) == settings.Settings()


def test_a_value_that_is_set_replaces_its_default_alone(tmp_path: Path) -> None:
    (tmp_path / settings.FILE_NAME).write_text("[server]\nport = 9000\n")
    found = settings.read(tmp_path)
    assert found.server.port == 9000
    assert found.server.host == "127.0.0.1"


@pytest.mark.parametrize(
    ("text", "named"),
    [("[server]\nport = 70000\n", "port"), ("[server]\nprot = 1\n", "prot"), ("[server\n", "line 1")],
)
def test_a_faulty_setting_is_named(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / settings.FILE_NAME).write_text(text)
    with pytest.raises(BadInput) as caught:
        settings.read(tmp_path)
    assert named in str(caught.value)
