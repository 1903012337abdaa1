"""The whole family of errors, in one file.

Every error says *what* is wrong, *where* (file and line, JSON path, row number, topic) and the *remedy*::

    PlacetteError
    ├── BadInput            the content cannot be used                         400
    │   ├── BadObservation  one or more rows of a batch cannot be stored       400
    │   └── BadQuery        a filter, option or path cannot be understood      400
    ├── NotFound            no such entity, place, page                        404
    ├── NotAllowed          no token, an unknown token, or too few rights      401 / 403
    ├── Conflict            the change contradicts what is stored              409
    ├── TooLarge            a body, nesting, page or time beyond its limit     413
    ├── UnsupportedMedia    a content type or encoding we do not read          415
    ├── Unprocessable       well formed, but means nothing here                422
    ├── Unreachable         another's server does not answer as it should  502
    ├── Busy                the write queue is full: try again later           503
    └── StorageFailure      the disk is full, read-only or broken              507

``placette.api`` holds the one table from class to status. No message ever contains personal data.
"""

from __future__ import annotations


class PlacetteError(Exception):
    """The root: ``what`` went wrong, ``where``, and the ``remedy``; all three are sentences for a person."""

    def __init__(self, what: str, where: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        where = f" ({self.where})" if self.where else ""
        remedy = f" — {self.remedy}" if self.remedy else ""
        return f"{self.what}{where}{remedy}"


class BadInput(PlacetteError):
    """The content cannot be used as it is."""


class BadObservation(BadInput):
    """One or more rows of a batch cannot be stored; ``rows`` are the row numbers, counted from 0."""

    def __init__(self, what: str, where: str = "", remedy: str = "", rows: tuple[int, ...] = ()) -> None:
        super().__init__(what, where, remedy)
        self.rows = rows


class BadQuery(BadInput):
    """A filter, an option or a resource path cannot be understood."""


class NotFound(PlacetteError):
    """There is no such entity, place or page."""


class NotAllowed(PlacetteError):
    """No token was given (``known`` false) or its rights do not reach this far (``known`` true)."""

    def __init__(self, what: str, where: str = "", remedy: str = "", *, known: bool = False) -> None:
        super().__init__(what, where, remedy)
        self.known = known


class Conflict(PlacetteError):
    """The change contradicts what is stored."""


class TooLarge(PlacetteError):
    """A body, a nesting depth, a page or a duration is beyond its limit."""


class UnsupportedMedia(PlacetteError):
    """A content type, an encoding or a file kind that nobody here reads."""


class Unprocessable(PlacetteError):
    """Well formed, but it means nothing in this city."""


class Unreachable(PlacetteError):
    """Another's server did not answer as it should; ``status`` is 0 when it did not answer at all.

    ``retry_after_s`` is the pause it asked for, s; 0 when it named none.
    """

    def __init__(
        self, what: str, where: str = "", remedy: str = "", *, status: int = 0, retry_after_s: float = 0.0
    ) -> None:
        super().__init__(what, where, remedy)
        self.status = status
        self.retry_after_s = retry_after_s


class Busy(PlacetteError):
    """The write queue is full; nothing was taken. ``retry_after_s`` seconds are a good pause."""

    def __init__(self, what: str, where: str = "", remedy: str = "", *, retry_after_s: int = 1) -> None:
        super().__init__(what, where, remedy)
        self.retry_after_s = retry_after_s


class StorageFailure(PlacetteError):
    """The disk is full, read-only or broken: nothing of the batch was acknowledged."""
