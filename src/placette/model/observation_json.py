"""One Observation as JSON, as SensorThings 1.1 writes it (OGC 18-088, table 12): one decoder, one encoder.

HTTP POST, MQTT create and replay of dead letters read through :func:`read`; MQTT updates write through :func:`write`.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pyarrow as pa

from placette.model import times
from placette.model.errors import BadInput, TooLarge, Unprocessable
from placette.model.observations import ObservationRow, Quality

_FLAGS = frozenset(Quality)
_MEMBERS = "phenomenonTime, result, resultTime, resultQuality, validTime, parameters, Datastream, FeatureOfInterest"


class Link(msgspec.Struct, frozen=True):
    """A related entity: by reference when ``id`` is set, written out in place (deep insert) when it is not."""

    id: int | msgspec.UnsetType = msgspec.field(name="@iot.id", default=msgspec.UNSET)


class ObservationBody(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """What a client may send; the last five members are what a server adds, taken and ignored when echoed back."""

    result: Any
    phenomenon_time: str | None = None
    result_time: str | None = None
    result_quality: Any = None
    valid_time: str | None = None
    parameters: dict[str, Any] | None = None
    datastream: Link | None = msgspec.field(name="Datastream", default=None)
    feature_of_interest: Link | None = msgspec.field(name="FeatureOfInterest", default=None)
    id: Any = msgspec.field(name="@iot.id", default=None)
    self_link: str | None = msgspec.field(name="@iot.selfLink", default=None)
    type: str | None = msgspec.field(name="@type", default=None)
    datastream_link: str | None = msgspec.field(name="Datastream@iot.navigationLink", default=None)
    feature_link: str | None = msgspec.field(name="FeatureOfInterest@iot.navigationLink", default=None)

    @property
    def is_echo(self) -> bool:
        """True for an entity that a server published itself: it carries the id and the address a server gave."""
        return self.id is not None and self.self_link is not None


class ObservationEntity(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """An Observation as it is given out."""

    id: int = msgspec.field(name="@iot.id")
    self_link: str = msgspec.field(name="@iot.selfLink")
    phenomenon_time: str
    result: Any
    result_time: str | None
    result_quality: Any = msgspec.UNSET
    valid_time: Any = msgspec.UNSET
    parameters: Any = msgspec.UNSET
    datastream_link: str = msgspec.field(name="Datastream@iot.navigationLink")
    feature_link: str = msgspec.field(name="FeatureOfInterest@iot.navigationLink")


class _Extra(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The members few observations have, as kept in the column ``extra``."""

    result_quality: Any = msgspec.UNSET
    valid_time: Any = msgspec.UNSET
    parameters: Any = msgspec.UNSET


_EXACT = 2.0**53
"""Below it every whole number is a 64-bit float."""
_decoder = msgspec.json.Decoder(ObservationBody)
_encoder = msgspec.json.Encoder()
_extra_decoder = msgspec.json.Decoder(_Extra)


def decode(payload: bytes, decoder: msgspec.json.Decoder[Any], where: str = "", members: str = "") -> Any:
    """Decode JSON and turn every way it can fail into ``BadInput`` or ``TooLarge`` (nesting) with its remedy."""
    try:
        return decoder.decode(payload)
    except msgspec.ValidationError as error:
        remedy = f"the members are {members}" if members else "correct the member named"
        raise BadInput(_plain(error), where, remedy) from None
    except msgspec.DecodeError as error:
        raise BadInput(_plain(error), where, _remedy(payload)) from None
    except UnicodeDecodeError:
        raise BadInput("the text is not UTF-8", where, "send JSON in UTF-8 (RFC 8259)") from None
    except RecursionError:
        raise TooLarge("the JSON is nested too deeply", where, "send at most some hundred levels") from None


def read(payload: bytes, *, now: int, datastream_id: int | None = None, where: str = "") -> ObservationRow:
    """Return the observation this JSON object describes; see :func:`row` for what is taken for granted.

    Raises ``BadInput`` or ``TooLarge`` on what cannot be read and ``Unprocessable`` on what means nothing.

    >>> read(b'{"result": 21.5, "phenomenonTime": "2026-07-01T12:00:00Z"}', now=0, datastream_id=7).result
    21.5
    """
    return row(body(payload, where), now=now, datastream_id=datastream_id, where=where)


def body(payload: bytes, where: str = "") -> ObservationBody:
    """Decode and check the shape of one Observation object."""
    decoded: ObservationBody = decode(payload, _decoder, where, _MEMBERS)
    return decoded


def row(sent: ObservationBody, *, now: int, datastream_id: int | None = None, where: str = "") -> ObservationRow:
    """Return the row of an observation whose Datastream and FeatureOfInterest are given by reference.

    ``now`` (µs since 1970-01-01 UTC) is the phenomenonTime of an observation that names none, as the standard wants.
    ``datastream_id`` is what the address already said; it wins over nothing and must agree with the body.
    A ``resultQuality`` that is a QARTOD flag is also the row's quality.
    """
    start, end = (now, None) if sent.phenomenon_time is None else interval(sent.phenomenon_time, where)
    number, text = result_columns(sent.result)
    flag = sent.result_quality
    return ObservationRow(
        datastream_id=_datastream(sent.datastream, datastream_id, where),
        phenomenon_time=start,
        phenomenon_end=end,
        result=number,
        result_json=text,
        result_time=None if sent.result_time is None else times.micros(sent.result_time),
        quality=flag if type(flag) is int and flag in _FLAGS else Quality.NOT_EVALUATED,
        feature_id=_reference(sent.feature_of_interest, "FeatureOfInterest", where),
        extra=_extra(sent, where),
    )


def result_columns(result: Any) -> tuple[float | None, str | None]:
    """Return the pair (``result``, ``result_json``) of a decoded result; both ``None`` for the null result.

    Raises ``BadInput`` on a number beyond what a 64-bit float holds.

    >>> result_columns(3), result_columns(True), result_columns(None)
    ((3.0, None), (None, 'true'), (None, None))
    """
    if result is None:
        return None, None
    if isinstance(result, int | float) and not isinstance(result, bool):
        try:
            return float(result), None
        except OverflowError:
            raise BadInput("the result is beyond ±1.8e308", remedy="send a number that a 64-bit float holds") from None
    return None, _encoder.encode(result).decode()


def shown_result(number: float | None, text: str | None) -> Any:
    """Return a stored result as it is written in JSON: whole numbers without a fraction, so that a count reads as one.

    >>> shown_result(21.0, None), shown_result(21.5, None), shown_result(None, None)
    (21, 21.5, None)
    """
    if text is not None:
        return msgspec.Raw(text.encode())
    if number is not None and number.is_integer() and abs(number) < _EXACT:
        return int(number)
    return number


def interval(text: str, where: str = "") -> tuple[int, int | None]:
    """Return (start, end) of an ISO 8601 instant or interval in µs; the end is ``None`` for an instant."""
    first, slash, last = text.partition("/")
    start = times.micros(first)
    if not slash:
        return start, None
    end = times.micros(last)
    if end < start:
        raise BadInput(f"the interval '{text[:80]}' ends before it starts", where, "write it as start/end")
    return start, end


def write(table: pa.Table, root: str) -> list[tuple[int, bytes]]:
    """Return (datastream id, JSON entity) of each row of a table of ``STORED_SCHEMA``, in order.

    ``root`` is the address of the service without a final slash, e.g. ``https://places.example.fr/v1.1``.
    """
    return [(row["datastream_id"], _encoder.encode(_entity(row, root))) for row in _plain_rows(table)]


def _plain_rows(table: pa.Table) -> list[dict[str, Any]]:
    stamps = [pa.field(f.name, pa.int64()) if pa.types.is_timestamp(f.type) else f for f in table.schema]
    rows: list[dict[str, Any]] = table.cast(pa.schema(stamps)).to_pylist()
    return rows


def _entity(row: dict[str, Any], root: str) -> ObservationEntity:
    link = f"{root}/Observations({row['id']})"
    end = row["phenomenon_end"]
    time = times.iso(row["phenomenon_time"])
    extra = _extra_decoder.decode(row["extra"]) if row["extra"] else _Extra()
    return ObservationEntity(
        id=row["id"],
        self_link=link,
        phenomenon_time=time if end is None else f"{time}/{times.iso(end)}",
        result=shown_result(row["result"], row["result_json"]),
        result_time=None if row["result_time"] is None else times.iso(row["result_time"]),
        result_quality=row["quality"] if extra.result_quality is msgspec.UNSET else extra.result_quality,
        valid_time=extra.valid_time,
        parameters=extra.parameters,
        datastream_link=f"{link}/Datastream",
        feature_link=f"{link}/FeatureOfInterest",
    )


def _datastream(link: Link | None, known: int | None, where: str) -> int:
    named = _reference(link, "Datastream", where)
    if named is None and known is None:
        raise BadInput(
            "the observation names no Datastream", where, 'add "Datastream": {"@iot.id": …}, or use Datastreams(id)'
        )
    if named is not None and known is not None and named != known:
        raise Unprocessable(
            f"the body names Datastream {named}, the address Datastream {known}", where, "let them agree"
        )
    return known if named is None else named  # type: ignore[return-value]  # one of both is set


def _reference(link: Link | None, kind: str, where: str) -> int | None:
    if link is None:
        return None
    if link.id is msgspec.UNSET:
        raise Unprocessable(
            f"a {kind} written out in place cannot be created here", where, 'name it by reference: {"@iot.id": …}'
        )
    if not -(2**63) <= link.id < 2**63:
        raise Unprocessable(f"there is no {kind} with the id {link.id}", where, "ids are 64-bit integers")
    return link.id


def _extra(sent: ObservationBody, where: str) -> str | None:
    if sent.result_quality is None and sent.valid_time is None and sent.parameters is None:
        return None
    valid: Any = msgspec.UNSET
    if sent.valid_time is not None:
        start, end = interval(sent.valid_time, f"{where} validTime".strip())
        valid = times.iso(start) if end is None else f"{times.iso(start)}/{times.iso(end)}"
    return _encoder.encode(
        _Extra(
            msgspec.UNSET if sent.result_quality is None else sent.result_quality,
            valid,
            msgspec.UNSET if sent.parameters is None else sent.parameters,
        )
    ).decode()


def _plain(error: Exception) -> str:
    return f"the JSON cannot be used: {error}"


def _remedy(payload: bytes) -> str:
    head = payload[:4]
    if head[:3] == b"\xef\xbb\xbf":
        return "send UTF-8 without a byte-order mark"
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in head:
        return "send JSON in UTF-8 (RFC 8259), not UTF-16 or UTF-32"
    if b"NaN" in payload or b"Infinity" in payload:
        return "JSON has neither NaN nor Infinity: send null for a missing value"
    return "check the JSON near that byte"
