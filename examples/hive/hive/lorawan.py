"""LoRaWAN by a modem with AT commands on a UART; commands differ between makers and are all in the configuration.

The defaults are those of modems with RAK's RUI3 (``AT+SEND=port:hex``, event ``+EVT:SEND_CONFIRMED_OK``); see the
manual of yours. Keys and joining are the modem's own affair: configure it once from a terminal.
"""

import binascii
import time

DEFAULTS = {
    "send": "AT+SEND={port}:{hex}",
    "accepted": "OK",
    "done": "+EVT:SEND_CONFIRMED_OK",
    "failed": "+EVT:SEND_CONFIRMED_FAILED",
    "refused": "AT_",
    "port": 1,
    "timeout_s": 60,
}


class Lorawan:
    """Sends frames by a modem on a stream with ``write`` and ``readline``; confirmed uplinks, so that none is lost."""

    def __init__(self, config, stream):
        """``stream`` is a UART; its ``readline`` returns ``None`` or nothing when no line is there."""
        self._config = dict(DEFAULTS)
        self._config.update(config)
        self._stream = stream

    def open(self):
        """Nothing to do: the modem has joined or joins by itself."""

    def close(self):
        """Leave the modem as it is."""

    def send(self, frame):
        """Return ``True`` once the network has confirmed the frame; raises ``OSError``."""
        config = self._config
        text = config["send"].replace("{port}", str(config["port"]))
        self._stream.write((text.replace("{hex}", binascii.hexlify(frame).decode().upper()) + "\r\n").encode())
        until = time.time() + config["timeout_s"]
        while time.time() <= until:
            line = (self._stream.readline() or b"").decode().strip()
            if line.startswith(config["done"]):
                return True
            if line.startswith(config["failed"]) or line.startswith(config["refused"]):  # noqa: PIE810  # one at a time
                raise OSError(f"the modem says {line}")
            if not line:
                time.sleep_ms(50)
        raise OSError("the modem does not answer")
