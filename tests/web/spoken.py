"""Every sentence that the sources can show on a page as a fault, a remedy or a reason: read from the sources.

A sentence's *form* is the sentence with ``{}`` (or ``{:,}``…) where something is filled in: what the catalogues of
``placette.web.sentences`` have as their keys. What is filled in may be a text of ours too, and is then a form as well.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from placette.harmonise.faults import Fault
from placette.importing.detect import schemas

SOURCES = Path(__file__).resolve().parents[2] / "src" / "placette"

ROOMS = (
    "harmonise",
    "importing",
    "connect/coap.py",
    "connect/feeds",
    "connect/files",
    "connect/gathering.py",
    "connect/mqtt.py",
    "city/codecs.py",
    "city/documents.py",
    "city/ground.py",
    "javascript",
    "model",
    "store/mending.py",
    "store/orders.py",
    "store/readers.py",
    "store/writer.py",
    "web/pages",
    "web/payloads.py",
    "api.py",
    "codecs.py",
    "feeds.py",
    "fielddesk.py",
    "fieldwork.py",
    "imports.py",
    "intake.py",
    "photos.py",
    "points.py",
    "reharmonising.py",
    "sites.py",
    "understanding.py",
)
"""Where the sentences of pages arise; what only programs, the command line or the log are told stays in English."""
APART = (
    "harmonise/arrow_messages.py",
    "harmonise/arrow_stream.py",
    "harmonise/ndjson.py",
    "harmonise/wifi",
    "model/school_holidays.py",
    "model/wifi.py",
)
"""Bulk data by HTTP, Wi-Fi scanners, what is read when a city starts: no page shows what is wrong with them."""

_ERROR = {"what": 0, "remedy": 2}
_SPOKEN: dict[str, dict[str, int]] = {
    **dict.fromkeys(
        (
            "BadInput",
            "BadObservation",
            "BadQuery",
            "Busy",
            "CodecError",
            "Conflict",
            "NotAllowed",
            "NotFound",
            "PlacetteError",
            "StorageFailure",
            "TooLarge",
            "Unprocessable",
            "Unreachable",
            "UnsupportedMedia",
        ),
        _ERROR,
    ),
    "Fault": {"what": 2, "remedy": 3},
    "DeadLetter": {"what": 1, "remedy": 3},
    "Uplink": {"fault": 99},
    "Reply": {"problem": 1},
    "Answer": {"error": 0},
    "Guess": {"evidence": 2, "alternatives": 3},
    "Column": {"evidence": 99},
    "Named": {"evidence": 3},
    "replace": {"evidence": 99},
    "plain_column": {"evidence": 4},
}
"""Which arguments of which calls are sentences, by name and position."""
_RETURNED = frozenset({"place_fault", "personal", "missing", "_ask", "_try"})
"""Functions that return sentences to other modules."""
_DATA = "{}"
_DEEPEST = 6
_HOLE = re.compile(r"\{[^{}]*\}")
_WORDS = re.compile(r"[^\W\d_]{2}")

Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef


class Said(NamedTuple):
    """A form and where it is said, as what (``what``, ``remedy``, ``evidence``…); ``part`` of another, or by itself."""

    form: str
    where: str
    field: str
    part: bool


@cache
def said() -> tuple[Said, ...]:
    """Return every form of the rooms above."""
    return tuple(_said())


def _said() -> Iterator[Said]:
    for path in sorted(SOURCES.rglob("*.py")):
        name = str(path.relative_to(SOURCES))
        if name.startswith(ROOMS) and not name.startswith(APART):
            yield from _Source(path, name).said()
    for fault in Fault:
        told = {"what": fault.what, "remedy": fault.remedy}
        yield from (Said(text, "harmonise/faults.py", field, part=False) for field, text in told.items() if text)
    for schema in schemas.known():
        yield from (Said(one.means, f"schema {schema.key}", "evidence", part=False) for one in schema.columns.values())


class _Form(NamedTuple):
    text: str
    part: bool = False


class _Source:
    """One module: follows the names of its sentences to where they are written."""

    def __init__(self, path: Path, name: str) -> None:
        self._name = name
        self._tree = ast.parse(path.read_text(encoding="utf-8"))
        self._around = {child: node for node in ast.walk(self._tree) for child in ast.iter_child_nodes(node)}
        self._functions = {node.name: node for node in ast.walk(self._tree) if isinstance(node, ast.FunctionDef)}

    def said(self) -> Iterator[Said]:
        for node, field, given in self._given():
            for form in self._forms(given, self._scope(node), 0):
                if _WORDS.search(_HOLE.sub("", form.text)):
                    yield Said(form.text, f"{self._name}:{given.lineno}", field, form.part)

    def _given(self) -> Iterator[tuple[ast.AST, str, ast.expr]]:
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Call):
                if _callee(node) != "NotFound" or not self._name.startswith("web/pages"):  # a page 404 of its own words
                    yield from ((node, field, given) for field, given in _arguments(node))
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "attr", "") == "problem":
                yield node, "what", node.value
            elif isinstance(node, ast.Return) and node.value is not None:
                function = self._scope(node)
                if getattr(function, "name", "") in _RETURNED:
                    yield node, "what", node.value

    def _scope(self, node: ast.AST) -> Scope:
        while node in self._around:
            node = self._around[node]
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                return node
        return self._tree

    def _forms(self, node: ast.expr, scope: Scope, depth: int) -> list[_Form]:
        """Return the forms an expression can have; what is not ours is one hole."""
        deeper = depth + 1
        within: list[ast.expr] = []
        match node:
            case _ if depth > _DEEPEST:
                pass
            case ast.Constant(value=str(text)):
                return [_Form(_braced(text))]
            case ast.JoinedStr(values=parts):
                return self._joined(parts, scope, deeper)
            case ast.BinOp(left=left, right=right, op=ast.Add()):
                return _added(self._forms(left, scope, deeper), self._forms(right, scope, deeper))
            case ast.Name():
                return self._named(node, scope, deeper)
            case ast.Call(func=ast.Name(id=name)) if name in self._functions:
                return self._returned(self._functions[name], deeper)
            case ast.IfExp(body=one, orelse=other):
                within = [one, other]
            case ast.BoolOp(values=nodes) | ast.Tuple(elts=nodes) | ast.Dict(values=nodes):
                within = nodes
            case ast.Subscript(value=value, slice=index) if not isinstance(index, ast.Slice):
                within = [value]
        return [form for each in within for form in self._forms(each, scope, deeper)] or [_Form(_DATA)]

    def _joined(self, parts: Iterable[ast.expr], scope: Scope, depth: int) -> list[_Form]:
        text = ""
        inside: list[_Form] = []
        for part in parts:
            if isinstance(part, ast.FormattedValue):
                text += "{" + (f":{_spec(part)}" if part.format_spec else "") + "}"
                found = self._forms(part.value, scope, depth)
                inside += [_Form(form.text, part=True) for form in found if form.text != _DATA]
            elif isinstance(part, ast.Constant):
                text += _braced(str(part.value))
        return [_Form(text), *inside]

    def _named(self, node: ast.Name, scope: Scope, depth: int) -> list[_Form]:
        """Return the forms a name can have: from its assignments, its callers, or its module."""
        found = [
            form
            for each in ast.walk(scope)
            for value in _assigned(each, node.id, self._rows)
            for form in self._forms(value, scope, depth)
        ]
        if found or isinstance(scope, ast.Module):
            return found or [_Form(_DATA)]
        names = [each.arg for each in scope.args.args if each.arg not in ("self", "cls")]
        if node.id not in [*names, *(each.arg for each in scope.args.kwonlyargs)]:
            return self._named(node, self._tree, depth)
        for call in ast.walk(self._tree):
            if isinstance(call, ast.Call) and _callee(call) == scope.name:
                given = _argument(call, node.id, names.index(node.id) if node.id in names else 99)
                if given is not None:
                    found += self._forms(given, self._scope(call), depth)
        return found or [_Form(_DATA)]

    def _rows(self, iterated: ast.expr) -> list[ast.expr]:
        """Return the rows that a loop goes through or that a function returns, where they are written out."""
        if isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Name):
            function = self._functions.get(iterated.func.id)
            inside = ast.walk(function) if function else ()
            return [node.value for node in inside if isinstance(node, ast.Return) and node.value]
        if isinstance(iterated, ast.Name):
            found = [value for node in self._tree.body for value in _assigned(node, iterated.id, lambda _: [])]
            iterated = found[0] if found else iterated
        return iterated.elts if isinstance(iterated, ast.Tuple) else []

    def _returned(self, function: ast.FunctionDef, depth: int) -> list[_Form]:
        values = [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value]
        return [form for value in values for form in self._forms(value, function, depth)]


def _added(left: list[_Form], right: list[_Form]) -> list[_Form]:
    """Return what two expressions give together; parts of either stay parts."""
    whole = [[form for form in forms if not form.part] for forms in (left, right)]
    parts = [form for form in (*left, *right) if form.part]
    return [_Form(one.text + other.text) for one in whole[0] for other in whole[1]] + parts


def _arguments(call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """Yield the sentences that a call is given, and as what."""
    name = _callee(call)
    if name == "append" and isinstance(call.func, ast.Attribute) and not isinstance(call.args[0], ast.Call | ast.Tuple):
        listed = call.func.value
        if (listed.attr if isinstance(listed, ast.Attribute) else getattr(listed, "id", "")) == "faults":
            yield "what", call.args[0]
    for field, position in _SPOKEN.get(name, {}).items():
        given = _argument(call, field, position)
        if given is not None:
            yield field, given


def _argument(call: ast.Call, name: str, position: int) -> ast.expr | None:
    named = next((each.value for each in call.keywords if each.arg == name), None)
    return named if named is not None or position >= len(call.args) else call.args[position]


def _callee(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _assigned(node: ast.AST, name: str, rows_of: Callable[[ast.expr], list[ast.expr]]) -> Iterator[ast.expr]:
    """Yield what a statement gives to a name, tuples and loops included."""
    pairs: list[tuple[ast.expr, ast.expr]] = []
    match node:
        case ast.Assign(targets=targets, value=value):
            pairs = [(target, value) for target in targets]
        case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
            pairs = [(target, value)]
        case ast.For(target=target, iter=iterated) | ast.comprehension(target=target, iter=iterated):
            pairs = [(target, row) for row in rows_of(iterated)]
    for target, value in pairs:
        if isinstance(target, ast.Name) and target.id == name:
            yield value
        elif isinstance(target, ast.Tuple):
            at = next((at for at, each in enumerate(target.elts) if getattr(each, "id", "") == name), None)
            for row in (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value, *rows_of(value)):
                if at is not None and isinstance(row, ast.Tuple) and at < len(row.elts):
                    yield row.elts[at]


def _spec(part: ast.FormattedValue) -> str:
    spec = part.format_spec
    return (
        "".join(str(each.value) for each in spec.values if isinstance(each, ast.Constant))
        if isinstance(spec, ast.JoinedStr)
        else ""
    )


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
