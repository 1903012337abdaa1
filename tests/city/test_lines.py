"""The line of every value, against texts whose values tell their own line."""

import json
import tomllib

import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from placette.city.lines import json_lines, toml_lines

TOML = '''# comment = [1
top = 2
"quoted key" = 3
dotted.inner = 4
text = """ # 5
[not.a.table]
x = 1
"""
list = [ # 9
  10,
  [ 11,
    12 ], { a = 12, b = [
    13 ] }, '[', "]", # ] [
] # 14
[table] # 15
inline = { x = 16, y.z = 16 }
date = 1979-05-27 07:32:00 # 17
[[array]] # 18
n = 19
[array.sub] # 20
n = 21
[[array]] # 22
n = 1.5e3
[table."sub table"] # 24
n = true
'''
EXPECTED = {
    ("top",): 2,
    ("quoted key",): 3,
    ("dotted", "inner"): 4,
    ("text",): 5,
    ("list",): 9,
    ("list", 0): 10,
    ("list", 1, 1): 12,
    ("list", 2, "b", 0): 13,
    ("list", 4): 13,
    ("table",): 15,
    ("table", "inline", "y", "z"): 16,
    ("table", "date"): 17,
    ("array", 0): 18,
    ("array", 0, "n"): 19,
    ("array", 0, "sub", "n"): 21,
    ("array", 1): 22,
    ("array", 1, "n"): 23,
    ("table", "sub table", "n"): 25,
}


def test_toml_values_have_the_line_they_stand_on():
    tomllib.loads(TOML)
    lines = toml_lines(TOML)
    assert {path: lines[path] for path in EXPECTED} == EXPECTED


def test_windows_line_ends_count_once():
    assert toml_lines("a = 1\r\nb = 2\r\n")["b",] == 2


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def paths(value, path=()):
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in items:
        yield from paths(inner, (*path, step))


@given(values)
def test_every_json_value_has_a_line_and_it_holds_its_key(value):
    text = json.dumps(value, indent=1)
    rows = text.split("\n")
    lines = json_lines(text)
    for path, _ in paths(value):
        if path and isinstance(path[-1], str):
            assert rows[lines[path] - 1].lstrip().startswith(json.dumps(path[-1]))
    assert set(lines) == {path for path, _ in paths(value)}


words = st.text("abcé. \"'#[]=\\\n", max_size=8)
tables = st.recursive(
    words | st.integers(-9, 9) | st.booleans() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(words, tables, max_size=4))
def test_every_toml_value_has_a_line(value):
    text = tomlkit.dumps(value)
    lines = toml_lines(text)
    assert {path for path, _ in paths(tomllib.loads(text))} <= set(lines)
    assert max(lines.values()) <= text.count("\n") + 1
