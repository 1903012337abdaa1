"""Radio addresses (MAC, IEEE 802 EUI-48) read into a buffer of the caller's own, which the caller overwrites after use.

No ``str`` or ``bytes`` of an address is ever made: Python frees such objects without clearing them, and they could be
found in the memory of the process long afterwards.
"""

from __future__ import annotations

Buffer = bytes | bytearray | memoryview

SIZE = 6
"""Bytes of an address."""
_NONE = 255
_SEPARATORS = frozenset(b":-.")
_VALUES = bytes(
    int(chr(code), 16) if chr(code) in "0123456789abcdefABCDEF" else _NONE for code in range(256)
)  # value of each hexadecimal digit


def read(text: Buffer, into: bytearray) -> bool:
    """Read ``aa:bb:cc:dd:ee:ff``, ``AA-BB-…``, ``aabb.ccdd.eeff`` or twelve digits; JSON quotes around it are skipped.

    Returns whether it was an address; ``into`` (six bytes) holds zeros when it was not.

    >>> address = bytearray(SIZE)
    >>> read(b'"F8-77-B8-00-00-2a"', address), address.hex()
    (True, 'f877b800002a')
    >>> read(b"f8:77", address), address.hex()
    (False, '000000000000')
    """
    view = memoryview(text)
    if len(view) > 1 and view[0] == view[-1] == 0x22:
        view = view[1:-1]
    if len(view) > 3 * SIZE:
        clear(into)
        return False
    digits = 0
    for code in view:
        value = _VALUES[code]
        if value == _NONE:
            if code in _SEPARATORS and digits % 2 == 0:
                continue
            break
        if digits == 2 * SIZE:
            break
        into[digits // 2] = value if digits % 2 == 0 else into[digits // 2] << 4 | value
        digits += 1
    else:
        if digits == 2 * SIZE:
            return True
    clear(into)
    return False


def is_randomised(address: bytearray) -> bool:
    """Return whether the address is locally administered (IEEE 802: bit 1 of the first octet), hence made up.

    >>> is_randomised(bytearray.fromhex("da a1 19 00 00 01")), is_randomised(bytearray.fromhex("f8 77 b8 00 00 2a"))
    (True, False)
    """
    return bool(address[0] & 0x02)


def is_group(address: bytearray) -> bool:
    """Return whether it is a group address (bit 0 of the first octet), which no device sends from."""
    return bool(address[0] & 0x01)


def clear(buffer: bytearray) -> None:
    """Overwrite a buffer with zeros, in place."""
    buffer[:] = bytes(len(buffer))
