"""CoAP, as much as a hive needs: one confirmable POST at a time, sent again until it is answered (RFC 7252, 4.2)."""

import os
import socket
import struct

_POST, _OCTETS = 0x02, 42
_CON, _ACK, _RESET = 0, 2, 3
_KEPT_ASIDE = (0x80, 0x84)
"""4.00 and 4.04: the server has kept the frame aside, sending it again would not help."""


class Coap:
    """Sends frames to a CoAP server; a frame counts as sent once it is answered."""

    def __init__(self, config, device):
        """``config`` has host, port and perhaps token."""
        self._config = config
        self._path = ("s", device)
        self._query = [f"token={config['token']}"] if config.get("token") else []
        self._socket = None
        self._message = struct.unpack(">H", os.urandom(2))[0]

    def open(self):
        """Find the server."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(socket.getaddrinfo(self._config["host"], self._config.get("port", 5683))[0][-1])

    def close(self):
        """Give the socket back."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def send(self, frame):
        """Return ``True`` once the frame is durable or kept aside there; raises ``OSError``."""
        self._message = (self._message + 1) & 0xFFFF
        token = os.urandom(4)
        request = self._request(token, frame)
        wait_s = self._config.get("timeout_s", 2) * (1 + os.urandom(1)[0] / 512)
        for _ in range(5):
            self._socket.send(request)
            code = self._answer(token, wait_s)
            if code is not None:
                if code >> 5 == 2 or code in _KEPT_ASIDE:
                    return True
                raise OSError(f"the server answers {code >> 5}.{code & 31:02}")
            wait_s *= 2
        raise OSError("the server does not answer")

    def _request(self, token, frame):
        head = bytes([0x40 | _CON << 4 | len(token), _POST]) + struct.pack(">H", self._message) + token
        options, last = b"", 0
        for number, value in (
            [(11, part.encode()) for part in self._path]
            + [(12, bytes([_OCTETS]))]
            + [(15, part.encode()) for part in self._query]
        ):
            options += _option(number - last, value)
            last = number
        return head + options + b"\xff" + frame

    def _answer(self, token, wait_s):
        """Return the code of the answer, or ``None`` when none comes; an empty ACK only says: wait."""
        self._socket.settimeout(wait_s)
        while True:
            try:
                data = self._socket.recv(1280)
            except OSError:
                return None
            kind, length, code = data[0] >> 4 & 3, data[0] & 15, data[1]
            message = struct.unpack(">H", data[2:4])[0]
            if code == 0:
                if message == self._message and kind == _RESET:
                    raise OSError("the server does not take it")
                if message == self._message and kind == _ACK:
                    self._socket.settimeout(60)
                continue
            if data[4 : 4 + length] != token:
                continue
            if kind == _CON:
                self._socket.send(bytes([0x40 | _ACK << 4, 0]) + data[2:4])
            return code


def _option(delta, value):
    """One option; neither deltas nor values of a hive need two bytes of length."""
    length = len(value)
    if length < 13:
        return bytes([delta << 4 | length]) + value
    return bytes([delta << 4 | 13, length - 13]) + value
