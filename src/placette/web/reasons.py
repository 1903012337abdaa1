"""The frequent reasons for which frames are set aside, and what to do about them, in the reader's language.

They are written where they arise, in English, and kept so; the rarer ones are shown as they are, marked as English.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from placette.web.words import Words

_KNOWN = {
    "no_datastream": r"'(?P<device>.*)' has no datastream for (?P<keys>.+)",
    "unknown_device": r"no device of the city is called '(?P<device>.*)' by its network",
    "no_codec": r"the payload of '(?P<device>.*)' is not decoded: its model '(?P<model>.*)' has no codec",
    "looks_for": r"'(?P<model>[^']*)' looks for (?P<wanted>.+) and the message has (?P<found>.+)",
    "no_reader": "no reader for this topic",
    "no_values": "the frame has no values",
    "our_error": "an error on our side",
    "bad_json": r"the JSON cannot be used: (?P<why>.+)",
    "do_quantity": "add the quantity to the device's model, or correct the key; then replay the frame",
    "do_declare": "declare the device in the city folder, or correct the code in the topic; then replay the frame",
    "do_network_id": (
        r"write it as network_id of a device in things\.csv, or install the device; then replay the message"
    ),
    "do_codec": "mend the codec or the model of the device, then replay the message",
    "do_json": "check the JSON near that byte",
    "do_sender": "see to what its sender writes, then replay the message",
    "do_topic": (
        r"publish on the network's topic in the city folder or on v1\.1/Datastreams\(<id>\)/Observations; "
        r"over HTTP name the device in the address: \?device=<id>"
    ),
}
_PATTERNS = [(f"reason.{key}", re.compile(pattern)) for key, pattern in _KNOWN.items()]


def teller(words: Words) -> Callable[[str], str | None]:
    """Return what says a reason or a remedy in the language of ``words``: ``None`` for one that is not known."""

    def tell(text: str) -> str | None:
        for key, pattern in _PATTERNS:
            if found := pattern.fullmatch(text):
                return words(key, **found.groupdict())
        return None

    return tell
