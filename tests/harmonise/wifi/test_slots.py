"""Case 1: five minutes, a salt that is gone afterwards, and no way from one interval to the next."""

from __future__ import annotations

import hmac
import itertools
from typing import Any, ClassVar

import pytest

from placette.harmonise.wifi import slots
from placette.harmonise.wifi.salts import SIZE, Salt
from placette.harmonise.wifi.sketches import new_count
from placette.harmonise.wifi.slots import Slots
from placette.model.wifi import SLOT_US

S = 1_000_000
START = 5_966_666 * SLOT_US
PHONE = bytearray.fromhex("f877b800002a")
HIDDEN = bytearray.fromhex("da77b800002a")


class Randomness:
    """Gives different bytes each time, and keeps the buffers it has filled."""

    def __init__(self) -> None:
        self.filled: list[bytearray] = []

    def __call__(self, buffer: bytearray) -> None:
        buffer[:] = bytes([len(self.filled) + 1]) * len(buffer)
        self.filled.append(buffer)


class Seen:
    """A sketch that remembers, to look at keys that a real one would hide."""

    keys: ClassVar[list[int]] = []

    def __init__(self) -> None:
        self.mine: set[int] = set()

    def update(self, key: int) -> None:
        self.mine.add(key)
        Seen.keys.append(key)

    def get_estimate(self) -> float:
        return len(self.mine)

    def get_lower_bound(self, _: int) -> float:
        return len(self.mine)

    get_upper_bound = get_lower_bound


def counter(new: Any = new_count, late_s: int = 120) -> tuple[Slots, Randomness]:
    fill = Randomness()
    return Slots(fill, late_us=late_s * S, started=START - 1, new=new), fill


def take_many(counting: Slots, count: int, *, first: int = 0, at: int = START) -> None:
    for number in range(first, first + count):
        address = bytearray(b"\x00\x11" + number.to_bytes(4))
        assert counting.take("A", at + number, address, now=at + number) == ""


def test_devices_are_counted_once_each_and_by_kind() -> None:
    counting, _ = counter()
    for at in range(0, 200, 20):
        for address in (PHONE, HIDDEN):
            assert counting.take("A", START + at * S, address, now=START + at * S) == ""
    counting.take("A", START, PHONE, now=START, bluetooth=True)
    [count] = counting.close(START + SLOT_US + 120 * S)
    assert [round(each.value) for each in (count.fixed, count.randomised, count.bluetooth)] == [1, 1, 1]
    assert (round(count.devices.value), sum(count.frames), count.partial) == (2, 20, False)
    assert (count.start, count.end) == (START, START + SLOT_US)


def test_many_devices_are_counted_within_the_bounds_of_the_sketch() -> None:
    counting, _ = counter()
    take_many(counting, 20_000)
    [count] = counting.close(START + 2 * SLOT_US)
    assert count.devices.lower <= 20_000 <= count.devices.upper
    assert count.devices.upper / count.devices.lower < 1.08


def test_the_salt_is_destroyed_when_its_interval_is_told() -> None:
    counting, fill = counter()
    counting.take("A", START, PHONE, now=START)
    [salt] = fill.filled
    assert len(salt) == SIZE
    assert counting.close(START + SLOT_US + 120 * S - 1) == []
    assert any(salt)
    assert len(counting.close(START + SLOT_US + 120 * S)) == 1
    assert not any(salt)


def test_every_interval_has_a_salt_of_its_own_and_keys_that_nobody_can_link() -> None:
    Seen.keys = []
    counting, fill = counter(Seen)
    for number in range(4):
        at = START + number * SLOT_US
        counting.take("A", at, PHONE, now=at)
        counting.take("B", at, PHONE, now=at)
        counting.close(at)
    assert len({bytes(salt) for salt in fill.filled if any(salt)}) == len([s for s in fill.filled if any(s)])
    one_of_each = Seen.keys[::2]
    assert Seen.keys[1::2] == one_of_each, "within one interval the same device is the same"
    assert len(set(one_of_each)) == 4
    distances = [(one ^ other).bit_count() for one, other in itertools.combinations(one_of_each, 2)]
    assert min(distances) > 10, "keys of two intervals look as unlike as random ones"


def test_a_key_is_the_beginning_of_hmac_sha256() -> None:
    salt = Salt(Randomness())
    expected = int.from_bytes(hmac.digest(b"\x01" * SIZE, bytes(PHONE), "sha256")[:8]) >> 1
    assert salt.key(PHONE) == expected
    salt.destroy()
    with pytest.raises(ValueError, match="destroyed"):
        salt.key(PHONE)


@pytest.mark.parametrize(
    ("at", "now", "reason"),
    [
        (START, START + SLOT_US + 119 * S, ""),
        (START, START + SLOT_US + 120 * S, "too late: the salt of its interval is destroyed"),
        (START + 30 * S, START, ""),
        (START + 31 * S, START, "ahead of our clock"),
        (-1, START, "too late: the salt of its interval is destroyed"),
    ],
)
def test_a_frame_out_of_its_time_is_dropped(at: int, now: int, reason: str) -> None:
    assert counter()[0].take("A", at, PHONE, now=now) == reason


def test_an_interval_that_began_before_us_is_partial() -> None:
    counting = Slots(Randomness(), late_us=0, started=START + 1)
    counting.take("A", START + 2, PHONE, now=START + 2)
    assert counting.close(START + SLOT_US)[0].partial


def test_ending_the_process_destroys_the_salts_and_tells_nothing() -> None:
    counting, fill = counter()
    counting.take("A", START, PHONE, now=START)
    counting.abandon()
    assert not any(fill.filled[0])
    assert counting.close(START + 10 * SLOT_US) == []


def test_no_address_stands_in_the_bytes_of_a_sketch() -> None:
    counting, _ = counter()
    take_many(counting, 3_000)
    [heard] = next(iter(counting._open.values())).heard.values()
    for sketch in heard.sketches:
        for stored in (sketch.serialize_compact(), sketch.serialize_updatable(), sketch.to_string().encode()):
            assert not any(b"\x00\x11" + number.to_bytes(4) in stored for number in range(3_000))
            assert b"00110000" not in stored
            assert b"00:11:00" not in stored
    assert len(heard.frames) == slots.BINS
