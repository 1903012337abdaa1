import pytest
from hypothesis import given
from hypothesis import strategies as st

from placette.model.errors import BadInput
from placette.web import payloads


@pytest.mark.parametrize(
    ("payload", "binary", "editable"),
    [
        (b'{"a": 1}\n', False, '{"a": 1}\n'),
        ("é°".encode(), False, "é°"),
        (b"", False, ""),
        (b"\x00\x01", True, "00 01"),
        (b"\xff", True, "ff"),
        ("a\u202eb".encode(), True, "61 e2 80 ae 62"),
    ],
)
def test_a_payload_is_text_where_a_person_can_read_it(payload: bytes, binary: bool, editable: str) -> None:
    shown = payloads.shown(payload)
    assert (shown.binary, shown.editable, shown.size, shown.cut) == (binary, editable, len(payload), False)


def test_a_long_payload_is_cut_and_not_edited_by_hand() -> None:
    shown = payloads.shown(b"x" * 20_000)
    assert (len(shown.beginning), shown.cut, shown.editable) == (payloads.SHOWN_CHARACTERS, True, None)


@given(st.binary(max_size=300))
def test_what_is_shown_for_editing_gives_the_same_bytes_back(payload: bytes) -> None:
    editable = payloads.shown(payload).editable
    assert editable is not None
    assert payloads.written(editable, payload) == payload


def test_line_ends_of_a_browser_become_those_of_the_text() -> None:
    assert payloads.written("a\r\nb", b"x\ny") == b"a\nb"
    assert payloads.written("a\r\nb", b"x\r\ny") == b"a\r\nb"


def test_what_is_no_hexadecimal_is_refused() -> None:
    with pytest.raises(BadInput):
        payloads.written("0g", b"\x00")
