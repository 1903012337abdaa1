"""Salts that live in memory only and are overwritten when their time is over."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from placette.model.addresses import clear

SIZE = 32
Fill = Callable[[bytearray], None]
"""Fills a buffer with random bytes of the operating system."""


class Salt:
    """Thirty-two random bytes; :meth:`key` makes pseudonyms with them until :meth:`destroy`."""

    __slots__ = ("_salt",)

    def __init__(self, fill: Fill) -> None:
        self._salt = bytearray(SIZE)
        fill(self._salt)

    @property
    def is_destroyed(self) -> bool:
        """Whether nothing can be keyed with it any more, by anybody."""
        return not any(self._salt)

    def key(self, data: bytearray | memoryview) -> int:
        """Return the first 63 bits of HMAC-SHA256(salt, data); raises ``ValueError`` after :meth:`destroy`."""
        if self.is_destroyed:
            raise ValueError("the salt has been destroyed")
        # OpenSSL clears its own copies of salt and data (EVP_MAC_CTX_free); the digest alone is left
        return int.from_bytes(hmac.digest(self._salt, data, "sha256")[:8]) >> 1

    def destroy(self) -> None:
        """Overwrite the salt: the pseudonyms made with it can never be made again."""
        clear(self._salt)
