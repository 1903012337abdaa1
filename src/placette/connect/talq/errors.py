"""The error messages of TALQ (``TALQErrorMessage``): an array of a key and a description, and the key's status."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from placette.api import json_response

STATUS: dict[str, int] = {
    "headerMissing": 400,
    "headerValueNotValid": 400,
    "parameterMissing": 400,
    "parameterValueNotValid": 400,
    "payloadError": 400,
    "genericError": 403,
    "resourceNotFound": 404,
    "resourceConflict": 409,
    "relatedResourceNotFound": 422,
    "serviceConstraintExceeded": 422,
}


class TalqFault(Exception):  # as the rest of our errors
    """What is wrong with a request, under the key that the data model has for it."""

    def __init__(self, key: str, description: str) -> None:
        super().__init__(description)
        self.key = key
        self.description = description


class TalqErrorMessage(msgspec.Struct, frozen=True):
    """One message as it is sent."""

    key: str
    description: str


def answer(fault: TalqFault) -> Response:
    """Return the fault as TALQ wants it."""
    return json_response([TalqErrorMessage(fault.key, fault.description)], STATUS[fault.key])
