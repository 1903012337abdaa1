"""MQTT 3.1.1, as much as a hive needs: connect, publish with QoS 1, wait for the PUBACK. No TLS."""

import socket
import struct

_CONNACK, _PUBACK = 0x20, 0x40


class Mqtt:
    """Sends frames to a broker; a frame counts as sent once the broker has acknowledged it."""

    def __init__(self, config, device):
        """``config`` has host, port, topic and perhaps user and password."""
        self._config = config
        self._device = device
        self._topic = config.get("topic", "hive/{device}/up").replace("{device}", device)
        self._socket = None
        self._packet = 0

    def open(self):
        """Connect; raises ``OSError``."""
        config = self._config
        link = socket.socket()
        link.settimeout(config.get("timeout_s", 20))
        link.connect(socket.getaddrinfo(config["host"], config.get("port", 1883))[0][-1])
        self._socket = link
        user, password = config.get("user", ""), config.get("password", "")
        flags = 0x02 | (0x80 if user else 0) | (0x40 if password else 0)
        body = b"\0\x04MQTT\x04" + bytes([flags]) + struct.pack(">H", 60)
        for text in [f"hive-{self._device}"] + [text for text in (user, password) if text]:
            body += _text(text)
        self._write(0x10, body)
        answer = self._wait_for(_CONNACK)
        if answer[1] != 0:
            raise OSError(f"the broker refuses: {answer[1]}")

    def send(self, frame):
        """Publish a frame and return ``True`` once it is acknowledged; raises ``OSError``."""
        self._packet = self._packet % 0xFFFF + 1
        packet = struct.pack(">H", self._packet)
        self._write(0x32, _text(self._topic) + packet + frame)
        while self._wait_for(_PUBACK)[:2] != packet:
            pass
        return True

    def close(self):
        """Say good-bye."""
        if self._socket is not None:
            self._socket.write(b"\xe0\0")
            self._socket.close()
            self._socket = None

    def _write(self, head, body):
        length = b""
        rest = len(body)
        while True:
            length += bytes([rest & 0x7F | (0x80 if rest > 0x7F else 0)])
            rest >>= 7
            if not rest:
                break
        self._socket.write(bytes([head]) + length + body)

    def _wait_for(self, kind):
        """Return the body of the next packet of a kind; others are passed over."""
        while True:
            head = self._read(1)[0]
            length = shift = 0
            while True:
                byte = self._read(1)[0]
                length |= (byte & 0x7F) << shift
                shift += 7
                if not byte & 0x80:
                    break
            body = self._read(length)
            if head & 0xF0 == kind:
                return body

    def _read(self, number):
        found = b""
        while len(found) < number:
            part = self._socket.read(number - len(found))
            if not part:
                raise OSError("the broker has closed the connection")
            found += part
        return found


def _text(text):
    raw = text.encode()
    return struct.pack(">H", len(raw)) + raw
