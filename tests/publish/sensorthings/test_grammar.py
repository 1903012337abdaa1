from __future__ import annotations

import contextlib
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placette.model.errors import BadQuery
from placette.publish.sensorthings.grammar import parse_filter, parse_query
from placette.publish.sensorthings.tree import (
    Binary,
    Call,
    Expand,
    Kind,
    Literal,
    Logic,
    Negative,
    Not,
    Options,
    Path,
    query_string,
    show,
)

READ_BACK = [
    "name eq 'l''eau'",
    "a or b and c",
    "(a or b) and c",
    "not (a eq 1)",
    "not a eq 1 and not b",
    "result add 1 mul 2 gt 3 sub (4 sub 5)",
    "-(result add 1) lt -5.5",
    "phenomenonTime gt 2026-01-01T00:00:00Z and phenomenonTime lt 2026-01-01T00:00:00Z/2026-02-01T00:00:00Z",
    "date(phenomenonTime) eq 2026-01-01 and time(phenomenonTime) ge 12:30:00",
    "geo.distance(location,geography'POINT(5.4 43.5)') lt 0.1",
    "substring(name,1,2) eq null or properties/deep/0/key-with.dots eq true",
    "Datastream/Thing/@iot.id eq 7",
    "1e300 gt 12345678901234567890",
]


@pytest.mark.parametrize("text", READ_BACK)
def test_a_filter_shown_reads_as_the_same_tree(text: str) -> None:
    once = show(parse_filter(text))
    assert show(parse_filter(once)) == once
    assert plain(parse_filter(once)) == plain(parse_filter(text))


def test_operators_bind_as_the_standard_says() -> None:
    tree = parse_filter("a eq 1 or not b eq 2 add 3 mul 4 and c")
    name = lambda text, at: Path((text,), at)  # noqa: E731
    one, two, three, four = (Literal(Kind.NUMBER, number) for number in (1, 2, 3, 4))
    total = Binary("add", two, Binary("mul", three, four, 27), 21)
    assert tree == Logic(
        "or",
        (
            Binary("eq", name("a", 0), one, 2),
            Logic("and", (Not(Binary("eq", name("b", 14), total, 16)), name("c", 37))),
        ),
    )


BAD = {
    "name eqq 'x'": "character 6: name »eqq 'x'",
    "name eq 'x": "character 9: name eq »'x",
    "name eq": "character 8",
    "(name eq 1": "expected ')'",
    "name eq 2026-13-01T00:00:00Z": "month must be in 1..12",
    "name eq 1e999": "too large",
    "a,b": "expected an operator or the end",
    "": "expected a property",
    "f(": "expected a property",
    "a ; drop table thing": "character 3",
    "(" * 40_000: "2,000",
    "(" * 200 + "a" + ")" * 200: "nested more than 50",
    "not " * 200 + "a": "nested more than 50",
    " add ".join("1" * 200): "nested more than 50",
    "f(" * 200 + "a" + ")" * 200: "nested more than 50",
    "-" * 200 + "a": "nested more than 50",
}


@pytest.mark.parametrize("text", BAD)
def test_a_bad_filter_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(BadQuery) as caught:
        parse_filter(text)
    assert BAD[text] in str(caught.value)


def test_a_long_chain_of_and_is_no_deep_tree() -> None:
    tree = parse_filter(" and ".join(["id eq 1"] * 400))
    assert isinstance(tree, Logic)
    assert len(tree.parts) == 400


def test_a_forgotten_plus_of_a_zone_is_understood() -> None:
    late = parse_query("$filter=phenomenonTime gt 2026-01-01T00:00:00+02:00")  # '+' is a blank in a query string
    assert "2025-12-31T22:00:00Z" in show(late.filter or Path(()))


OPTIONS = {
    "$top=5&$skip=2&$count=true": Options(top=5, skip=2, count=True),
    "$select=id,@iot.id,name": Options(select=("id", "name")),
    "$select=*": Options(),
    "$skiptoken=-5,null,'a',1.5,true": Options(after=(-5, None, "a", 1.5, True)),
    "$expand=A/B,C($top=1;$count=true)": Options(
        expand=(
            Expand("A", Options(expand=(Expand("B", Options(), 2),)), 0),
            Expand("C", Options(top=1, count=True), 4),
        )
    ),
    "$expand=A,A/B($top=1)": Options(expand=(Expand("A", Options(expand=(Expand("B", Options(top=1), 4),)), 0),)),
}


@pytest.mark.parametrize("query", OPTIONS)
def test_options_are_read(query: str) -> None:
    assert parse_query(query) == OPTIONS[query]


@pytest.mark.parametrize(
    "query",
    [
        "$expand=Observations($top=1;$orderby=phenomenonTime desc;$select=result;$filter=result gt 5),Thing",
        "$orderby=name,properties/a desc&$filter=a eq 'a %26 b'&$resultFormat=dataArray",
        "$filter=name eq 'ç %2B é'",
    ],
)
def test_options_written_into_an_address_read_as_the_same(query: str) -> None:
    once = query_string(parse_query(query))
    assert query_string(parse_query(once)) == once
    assert once.isascii()


@pytest.mark.parametrize(
    "query",
    [
        "$top=-1",
        "$top=x",
        "$top=99999999999999999999",
        "$top=1&$top=2",
        "$count=maybe",
        "top=5",
        "$apply=x",
        "$expand=",
        "$expand=A($top=1",
        "$expand=A($skiptoken=1)",
        "$expand=A($top=1),A($top=2)",
        "$expand=" + "/".join("A" * 12),
        "$expand=" + "A($expand=" * 12 + "A" + ")" * 12,
        "$select=",
        "$select=a/b",
        "$orderby=a sideways",
        "$filter=%FF",
        "$resultFormat=CSV",
        "$filter=" + "a" * 20_000,
    ],
)
def test_bad_options_are_refused(query: str) -> None:
    with pytest.raises(BadQuery):
        parse_query(query)


@given(st.text(max_size=200))
def test_any_text_gives_options_or_bad_query(text: str) -> None:
    for option in ("$filter", "$orderby", "$expand", "$select", "$skiptoken", "$top", "x"):
        with contextlib.suppress(BadQuery):
            parse_query(f"{option}={quote(text)}")


WORDS = ["name", "Datastreams/", "eq", "gt", "and", "or", "not", "add", "(", ")", ",", "-", "5", "'a'", "null", "true"]


@given(st.lists(st.sampled_from([*WORDS, "length(", "2026-01-01T00:00Z", "2026-01-01", "/", "$top", ";"]), max_size=30))
def test_any_words_give_a_tree_that_reads_back_or_bad_query(words: list[str]) -> None:
    try:
        tree = parse_filter(" ".join(words))
    except BadQuery:
        return
    assert plain(parse_filter(show(tree))) == plain(tree)


names = st.sampled_from(["name", "id", "result", "properties"])
literals = st.one_of(
    st.integers(0, 2**60).map(lambda value: Literal(Kind.NUMBER, value)),
    st.floats(0, 1e300, allow_nan=False).map(lambda value: Literal(Kind.NUMBER, value)),
    st.text(max_size=8).map(lambda value: Literal(Kind.TEXT, value)),
    st.integers(-60_000_000_000_000_000, 250_000_000_000_000_000).map(lambda value: Literal(Kind.TIME, value)),
    st.sampled_from([Literal(Kind.NULL, None), Literal(Kind.BOOL, True)]),
)
trees = st.recursive(
    st.one_of(literals, st.lists(names, min_size=1, max_size=3).map(lambda steps: Path(tuple(steps)))),
    lambda inner: st.one_of(
        st.builds(Binary, st.sampled_from(["eq", "ne", "lt", "add", "sub", "mul", "mod"]), inner, inner),
        st.builds(Logic, st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Not, inner),
        st.builds(Call, st.sampled_from(["length", "concat"]), st.lists(inner, max_size=2).map(tuple)),
        st.builds(Negative, st.lists(names, min_size=1, max_size=2).map(lambda steps: Path(tuple(steps)))),
    ),
    max_leaves=12,
)


@given(trees)
def test_any_tree_written_down_reads_as_itself(tree: object) -> None:
    assert plain(parse_filter(show(tree))) == plain(tree)  # type: ignore[arg-type]


def plain(tree: object) -> object:  # noqa: PLR0911  # one per kind
    """The tree without the places in the text, and without the brackets that a chain of one operator does not need."""
    match tree:
        case Path(steps):
            return steps
        case Call(name, arguments):
            return name, tuple(map(plain, arguments))
        case Binary(operator, left, right):
            return operator, plain(left), plain(right)
        case Logic(operator, parts):
            first, *rest = map(plain, parts)
            chain = first[1:] if isinstance(first, tuple) and first[0] == ("logic", operator) else (first,)
            return ("logic", operator), *chain, *rest
        case Not(part):
            return "not", plain(part)
        case Negative(part):
            return "minus", plain(part)
        case _:
            return tree
