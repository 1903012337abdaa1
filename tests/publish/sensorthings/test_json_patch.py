from __future__ import annotations

from typing import Any

import pytest

from placette.model.errors import BadInput
from placette.publish.sensorthings.json_patch import apply

# RFC 6902, appendix A
DONE: dict[str, tuple[Any, Any, Any]] = {
    "A.1": ({"foo": "bar"}, {"op": "add", "path": "/baz", "value": "qux"}, {"baz": "qux", "foo": "bar"}),
    "A.2": ({"foo": [1, 3]}, {"op": "add", "path": "/foo/1", "value": 2}, {"foo": [1, 2, 3]}),
    "A.3": ({"baz": 1, "foo": 2}, {"op": "remove", "path": "/baz"}, {"foo": 2}),
    "A.4": ({"foo": [1, 2, 3]}, {"op": "remove", "path": "/foo/1"}, {"foo": [1, 3]}),
    "A.5": ({"baz": 1}, {"op": "replace", "path": "/baz", "value": 2}, {"baz": 2}),
    "A.6": ({"a": {"b": 1}, "c": {}}, {"op": "move", "from": "/a/b", "path": "/c/d"}, {"a": {}, "c": {"d": 1}}),
    "A.7": ({"foo": [1, 2, 3]}, {"op": "move", "from": "/foo/0", "path": "/foo/2"}, {"foo": [2, 3, 1]}),
    "A.10": ({"foo": 1}, {"op": "add", "path": "/child", "value": {"a": {}}}, {"foo": 1, "child": {"a": {}}}),
    "A.14": ({"/": 9, "~1": 10}, {"op": "test", "path": "/~01", "value": 10}, {"/": 9, "~1": 10}),
    "A.16": ({"foo": [1]}, {"op": "add", "path": "/foo/-", "value": [2]}, {"foo": [1, [2]]}),
    "copy": ({"a": [1]}, {"op": "copy", "from": "/a", "path": "/b"}, {"a": [1], "b": [1]}),
    "the whole": ({"a": 1}, {"op": "replace", "path": "", "value": {"b": 2}}, {"b": 2}),
}


@pytest.mark.parametrize("case", DONE)
def test_an_operation_is_done(case: str) -> None:
    before, step, after = DONE[case]
    kept = dict(before)
    assert apply(before, [step]) == after
    assert before == kept


@pytest.mark.parametrize(
    "patch",
    [
        {"op": "add", "path": "/a", "value": 1},
        [{"op": "test", "path": "/a", "value": 2}],
        [{"op": "test", "path": "/a", "value": "1"}],
        [{"op": "remove", "path": "/b"}],
        [{"op": "add", "path": "/b/c", "value": 1}],
        [{"op": "add", "path": "/l/5", "value": 1}],
        [{"op": "add", "path": "/l/-1", "value": 1}],
        [{"op": "add", "path": "a", "value": 1}],
        [{"op": "add", "path": "/a"}],
        [{"op": "jump", "path": "/a"}],
        [{"op": "move", "from": "/d", "path": "/d/e"}],
        [{"path": "/a"}],
        [5],
    ],
)
def test_an_impossible_operation_is_refused(patch: Any) -> None:
    with pytest.raises(BadInput):
        apply({"a": 1, "l": [1], "d": {"e": 1}}, patch)
