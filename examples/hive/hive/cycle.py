"""One round: measure, keep, send what waits oldest first, forget what has arrived, sleep."""

import json
import os
import struct
import time

from hive import payload, sensors
from hive.coap import Coap
from hive.lorawan import Lorawan
from hive.mqtt import Mqtt
from hive.queue import Queue

_Y2000 = 946684800
TO_UNIX = _Y2000 if time.gmtime(0)[0] == 2000 else 0
"""What makes a local second a Unix one: some boards count from 2000."""
CLOCK_SET = 1735689600
"""2025-01-01: a clock before it has not been set."""
_STATE = ">BHB"


def seconds():
    """Return the local clock in whole seconds; some ports count fractions."""
    return int(time.time())


def read_config(file):
    """Return the configuration; its keys are in docs/hive.md."""
    with open(file) as kept:  # noqa: PTH123
        return json.load(kept)


class Hive:
    """The parts of one hive by its configuration."""

    def __init__(self, config):
        """Make sensors, queue and way to send."""
        self.config = config
        self.sensors = [sensors.make(one) for one in config["sensors"]]
        kept = config.get("queue", {})
        self.queue = Queue(kept.get("file", "queue.bin"), kept.get("most", 1000))
        self.sender = _sender(config["send"], config["device"])
        self._state_file = config.get("state_file", "state.bin")

    def round(self, feed):
        """Measure once and send what can be sent; ``feed`` calms the watchdog. Return how many frames wait."""
        session, counter, restarted = self._state()
        feed()
        values = dict(sensors.read_all(self.sensors))
        values["restarted"] = restarted
        now = seconds()
        unix = now + TO_UNIX
        frame = payload.pack(values, session, counter, unix if unix >= CLOCK_SET else 0)
        self.queue.put(frame, now)
        self._keep_state(session, counter + 1)
        feed()
        self._send(feed)
        return len(self.queue)

    def _send(self, feed):
        sent = 0
        try:
            self.sender.open()
            while sent < len(self.queue) and self.sender.send(self.queue.first_of(sent, seconds())):
                sent += 1
                feed()
        except OSError as error:
            print("send:", error)  # noqa: T201
        finally:
            self.queue.done(sent)
            try:
                self.sender.close()
            except OSError as error:
                print("close:", error)  # noqa: T201

    def _state(self):
        """Return session, counter, and whether this is the first round since the power came."""
        memory = _memory()
        raw = memory() if memory else self._read_state()
        if len(raw) == 4:
            session, counter, mark = struct.unpack(_STATE, raw)
            if mark == 0xA5:
                return session, counter, False
        return os.urandom(1)[0], 0, True

    def _keep_state(self, session, counter):
        raw = struct.pack(_STATE, session, counter & 0xFFFF, 0xA5)
        memory = _memory()
        if memory:
            memory(raw)
            return
        with open(self._state_file, "wb") as kept:  # noqa: PTH123
            kept.write(raw)

    def _read_state(self):
        try:
            with open(self._state_file, "rb") as kept:  # noqa: PTH123
                return kept.read()
        except OSError:
            return b""


def rounds(config, number):
    """Make a few rounds without sleep and return how many frames wait."""
    hive = Hive(config)
    waiting = len(hive.queue)
    for _ in range(number):
        waiting = hive.round(lambda: None)
    return waiting


def run(config):
    """Make one round under the watchdog, then sleep deeply: a board starts anew when it wakes."""
    import machine  # noqa: PLC0415

    watchdog = machine.WDT(timeout=config.get("watchdog_s", 120) * 1000)
    began = time.ticks_ms()
    hive = Hive(config)
    try:
        _join(config.get("wifi"), hive.queue, watchdog.feed)
        hive.round(watchdog.feed)
    finally:
        awake_ms = time.ticks_diff(time.ticks_ms(), began)
        machine.deepsleep(max(1000, config.get("every_s", 600) * 1000 - awake_ms))


def set_clock(queue, synchronise):
    """Set the clock by ``synchronise`` and date what was measured before it was right."""
    before = seconds()
    was_set = before + TO_UNIX >= CLOCK_SET
    try:
        synchronise()
    except OSError as error:
        print("clock:", error)  # noqa: T201
        return
    if not was_set:
        queue.clock_was_set(seconds() - before, TO_UNIX)


def _join(wifi, queue, feed):
    """Join the Wi-Fi, if there is one, and set the clock."""
    if not wifi:
        return
    import network  # noqa: PLC0415
    import ntptime  # noqa: PLC0415

    station = network.WLAN(network.STA_IF)
    station.active(True)
    station.connect(wifi["ssid"], wifi["key"])
    for _ in range(300):
        if station.isconnected():
            break
        feed()
        time.sleep_ms(100)
    set_clock(queue, ntptime.settime)


def _sender(config, device):
    by = config["by"]
    if by == "mqtt":
        return Mqtt(config, device)
    if by == "coap":
        return Coap(config, device)
    if by == "lorawan":
        return Lorawan(config, _stream(config))
    raise ValueError(f"no way to send called {by}")


def _stream(config):
    if "file" in config:
        return open(config["file"], "r+b")  # noqa: PTH123  # lives as long as the program
    import machine  # noqa: PLC0415

    return machine.UART(config.get("uart", 2), baudrate=config.get("baud", 115200), tx=config["tx"], rx=config["rx"])


def _memory():
    """Return the memory that survives deep sleep, where a board has one."""
    try:
        import machine  # noqa: PLC0415

        return machine.RTC().memory
    except (ImportError, AttributeError):
        return None
