"""The hive's parts on MicroPython itself: payload, queue, clock, checksums."""

from __future__ import annotations

from tests.examples.conftest import Board

from placette.harmonise import hive

UNIX = 1_782_907_200


def said(board: Board, program: str) -> list[str]:
    """Return the lines a program prints on MicroPython."""
    (board.folder / "probe.py").write_text(program)
    done = board.run("probe.py")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_it_is_micropython(board: Board) -> None:
    assert said(board, "import sys; print(sys.implementation[0])") == ["micropython"]


def test_what_the_hive_packs_is_what_the_server_reads(board: Board) -> None:
    program = f"""
import binascii
from hive import payload
values = {{"battery": 3.86, "pm10": 24.3, "no2": 18.4, "o3": -0.7, "temperature": -3.25, "humidity": 81.5}}
values["mains"] = True
print(binascii.hexlify(payload.pack(values, 0xA5, 513, {UNIX})).decode())
print(binascii.hexlify(payload.pack({{}}, 0, 70000)).decode())
print(binascii.hexlify(payload.pack({{"temperature": 900, "pm10": -4, "battery": 99}}, 0, 0)).decode())
"""
    whole, nothing, extreme = (hive.read(bytes.fromhex(line)) for line in said(board, program))
    assert whole == hive.Reading(
        session=0xA5,
        counter=513,
        time=UNIX,
        battery=3.86,
        pm10=24.3,
        no2=18.4,
        o3=-0.7,
        temperature=-3.25,
        humidity=81.5,
        flags=("mains",),
    )
    assert nothing == hive.Reading(counter=70000 - 65536)
    assert (extreme.temperature, extreme.pm10, extreme.battery) == (327.67, 0.0, 5.08)


def test_the_queue_is_bounded_and_survives(board: Board) -> None:
    program = """
from hive import payload
from hive.queue import Queue
queue = Queue("q.bin", 3)
for counter in range(5):
    queue.put(payload.pack({}, 1, counter), 1000 + counter)
queue = Queue("q.bin", 3)
print([queue.first_of(number, 1000)[3] for number in range(len(queue))])
queue.done(2)
with open("q.bin", "ab") as torn:
    torn.write(b"half a record")
print(len(Queue("q.bin", 3)))
"""
    assert said(board, program) == ["[2, 3, 4]", "1"]


def test_a_frame_without_clock_says_its_age(board: Board) -> None:
    program = """
import binascii
from hive import payload
from hive.queue import Queue
queue = Queue("q.bin", 3)
queue.put(payload.pack({}, 1, 1), 1000)
print(binascii.hexlify(queue.first_of(0, 1000 + 90 * 60)).decode())
"""
    assert hive.read(bytes.fromhex(said(board, program)[0])).age_min == 90


def test_a_clock_set_later_dates_what_waits(board: Board) -> None:
    program = f"""
import binascii
from hive import cycle, payload
from hive.queue import Queue
queue = Queue("q.bin", 3)
queue.put(payload.pack({{}}, 1, 1), 1000)
queue.clock_was_set({UNIX} - 1060, 0)
print(binascii.hexlify(queue.first_of(0, {UNIX})).decode())
print(cycle.TO_UNIX)
"""
    packed, to_unix = said(board, program)
    assert (hive.read(bytes.fromhex(packed)).time, to_unix) == (UNIX - 60, "0")


def test_sensors_are_read_and_checked(board: Board) -> None:
    program = """
import struct
from hive import sensors
class Bus:
    def writeto(self, address, data): print(address, data)
    def readfrom(self, address, number): return b"\\x66\\x66\\xa2\\x80\\x00\\xa2" if self.good else b"\\0" * 6
words = [0x424D, 28] + [0] * 13
words[6], words[7] = 11, 24
frame = struct.pack(">15H", *words)
class Uart:
    def read(self): return b"\\x42noise" + frame + struct.pack(">H", sum(frame))
class Adc:
    def read_uv(self): return 1930000
print(hex(sensors.crc8(b"\\xbe\\xef")))
bus = Bus(); bus.good = False
all = [sensors.Sht3x(bus), sensors.Pms5003(Uart(), 0), sensors.Analog(Adc(), "battery", 2.0)]
print(sorted(sensors.read_all(all).items()))
"""
    lines = said(board, program)
    assert lines[0] == "0x92"
    assert "wrong checksum" in lines[2]
    assert lines[3] == "[('battery', 3.86), ('pm10', 24), ('pm2_5', 11)]"


def test_a_board_makes_one_round_under_its_watchdog_and_sleeps(board: Board) -> None:
    board.configure(send={"by": "coap", "host": "127.0.0.1", "port": 9, "timeout_s": 0.01}, every_s=600, watchdog_s=90)
    program = """
import sys
kept = [b""]
class Rtc:
    def memory(self, new=None):
        if new is not None:
            kept[0] = new
        return kept[0]
class Dog:
    fed = 0
    def __init__(self, timeout): print("watchdog", timeout)
    def feed(self): Dog.fed += 1
class Board:
    RTC = Rtc
    WDT = Dog
    def deepsleep(self, ms): print("sleeps", 590000 < ms <= 600000)
sys.modules["machine"] = Board()
from hive import cycle
config = cycle.read_config("hive.json")
for _ in range(2):
    cycle.run(config)
print("fed", Dog.fed >= 4, "state", len(kept[0]))
queue = cycle.Hive(config).queue
print([(queue.first_of(number, 0)[3], queue.first_of(number, 0)[23] & 16) for number in range(len(queue))])
"""
    lines = [line for line in said(board, program) if not line.startswith("send:")]
    assert lines == ["watchdog 90000", "sleeps True"] * 2 + ["fed True state 4", "[(0, 16), (1, 0)]"]


def test_the_clock_dates_what_waits_when_it_is_first_set(board: Board) -> None:
    program = f"""
from hive import cycle
class Queue:
    def clock_was_set(self, shift, to_unix): print("dated", shift, to_unix)
def fails(): raise OSError("no network")
def clock(*moments):
    left = list(moments)
    return lambda: left.pop(0)
cycle.seconds = clock(60, {UNIX})
cycle.set_clock(Queue(), lambda: None)
cycle.seconds = clock({UNIX}, {UNIX} + 2)
cycle.set_clock(Queue(), lambda: None)
cycle.seconds = clock(60)
cycle.set_clock(Queue(), fails)
"""
    assert said(board, program) == [f"dated {UNIX - 60} 0", "clock: no network"]
