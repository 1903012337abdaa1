"""Sensors behind one interface: ``read()`` returns values by name, and raises ``OSError`` when it gets none.

Names and units are those of the payload: battery (V), pm10 and pm2_5 (µg/m³), no2 and o3 (ppb), temperature (°C),
humidity (%), sound_level (dB); and its flags.
"""

import struct
import time


class Fixed:
    """Values from the configuration: for a bench, and for the tests."""

    def __init__(self, config):
        """``config`` has values."""
        self._values = config["values"]

    def read(self):
        """Return the values of the configuration."""
        return self._values


class Sht3x:
    """Temperature and humidity of a Sensirion SHT3x on I²C (data sheet: single shot 0x2400, CRC-8 0x31)."""

    def __init__(self, bus, address=0x44):
        """``bus`` is a ``machine.I2C`` or something like it."""
        self._bus = bus
        self._address = address

    def read(self):
        """Measure once."""
        self._bus.writeto(self._address, b"\x24\x00")
        time.sleep_ms(20)
        raw = self._bus.readfrom(self._address, 6)
        if crc8(raw[0:2]) != raw[2] or crc8(raw[3:5]) != raw[5]:
            raise OSError("SHT3x: wrong checksum")
        temperature, humidity = struct.unpack(">HxH", raw[:5])
        return {"temperature": -45 + 175 * temperature / 65535, "humidity": 100 * humidity / 65535}


class Pms5003:
    """PM2.5 and PM10 of a Plantower PMS5003 on a UART (32 bytes that begin with ``BM``, sum of the first 30 last)."""

    def __init__(self, uart, warm_up_s=30):
        """``uart`` is a ``machine.UART`` at 9600 baud; the fan runs ``warm_up_s`` before its figures are believed."""
        self._uart = uart
        self._warm_up_s = warm_up_s

    def read(self):
        """Wait for the fan, then read one frame."""
        time.sleep(self._warm_up_s)
        found = b""
        for _ in range(50):
            found += self._uart.read() or b""
            start = found.rfind(b"BM", 0, len(found) - 30)
            if start >= 0:
                frame = found[start : start + 32]
                words = struct.unpack(">16H", frame)
                if sum(frame[:30]) == words[15]:
                    return {"pm2_5": words[6], "pm10": words[7]}
            time.sleep_ms(100)
        raise OSError("PMS5003: no frame")


class Analog:
    """One voltage on an ADC pin, turned into a value: ``value = volts * scale + offset``."""

    def __init__(self, adc, name, scale=1.0, offset=0.0):
        """``adc`` is a ``machine.ADC``; ``name`` is that of the value."""
        self._adc, self._name, self._scale, self._offset = adc, name, scale, offset

    def read(self):
        """Take the mean of sixteen samples."""
        volts = sum(self._adc.read_uv() for _ in range(16)) / 16e6
        return {self._name: volts * self._scale + self._offset}


def crc8(data):
    """Return Sensirion's checksum (polynomial 0x31, initial value 0xFF); its example: 0xBEEF gives 0x92."""
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x31 if crc & 0x80 else crc << 1) & 0xFF
    return crc


def make(config):
    """Return the sensor that one entry of the configuration describes."""
    kind = config["kind"]
    if kind == "fixed":
        return Fixed(config)
    import machine  # noqa: PLC0415  # only a board has it whole

    if kind == "sht3x":
        bus = machine.I2C(config.get("bus", 0), scl=machine.Pin(config["scl"]), sda=machine.Pin(config["sda"]))
        return Sht3x(bus, config.get("address", 0x44))
    if kind == "pms5003":
        uart = machine.UART(config.get("uart", 1), baudrate=9600, tx=config["tx"], rx=config["rx"])
        return Pms5003(uart, config.get("warm_up_s", 30))
    if kind == "analog":
        adc = machine.ADC(machine.Pin(config["pin"]))
        return Analog(adc, config["name"], config.get("scale", 1.0), config.get("offset", 0.0))
    raise ValueError(f"no sensor of kind {kind}")


def read_all(sensors):
    """Return the values of all sensors; one that fails leaves its own out."""
    values = {}
    for sensor in sensors:
        try:
            values.update(sensor.read())
        except OSError as error:
            print("sensor:", error)  # noqa: T201
    return values
