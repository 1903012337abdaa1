"""Photos of installed devices: cleaned of what they tell about who took them, kept in the data folder by site.

A file is named after its content, so that the same photo sent twice is one.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from placette.model.errors import Conflict, NotFound
from placette.model.pictures import cleaned

FOLDER = "photos"
LIMIT = 8 * 2**20
"""The largest photo taken, bytes; the page makes them smaller than a tenth of it."""
MOST = 50
"""Photos of one site."""
TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}

_NAME = re.compile(r"[0-9a-f]{20}\.(?:jpg|png|webp)")
_SITE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Photos:
    """The photos of one city. ``data`` is its data folder."""

    def __init__(self, data: Path) -> None:
        self._folder = data / FOLDER

    def add(self, code: str, content: bytes) -> str:
        """Keep a photo of a site and return its name.

        Raises ``UnsupportedMedia`` or ``BadInput`` when it is no sound picture, ``Conflict`` beyond ``MOST``.
        """
        picture = cleaned(content)
        folder = self._of(code)
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(picture.content).hexdigest()[:20] + picture.suffix
        if not (folder / name).exists():
            if len(self.names(code)) >= MOST:
                raise Conflict(f"'{code}' has {MOST} photos", code, f"remove some from {folder}")
            fresh = folder / f".{name}"
            with fresh.open("wb") as out:
                out.write(picture.content)
                out.flush()
                os.fsync(out.fileno())
            fresh.replace(folder / name)
        return name

    def names(self, code: str) -> tuple[str, ...]:
        """Return the photos of a site, the newest first."""
        if not _SITE.fullmatch(code):
            return ()
        folder = self._of(code)
        files = [file for file in folder.iterdir() if _NAME.fullmatch(file.name)] if folder.is_dir() else []
        return tuple(file.name for file in sorted(files, key=lambda file: (-file.stat().st_mtime_ns, file.name)))

    def file(self, code: str, name: str) -> Path:
        """Return the file of a photo; raises ``NotFound``."""
        file = self._of(code) / name if _NAME.fullmatch(name) else None
        if file is None or not file.is_file():
            raise NotFound(f"'{code[:80]}' has no such photo", remedy="the site lists its photos")
        return file

    def _of(self, code: str) -> Path:
        if not _SITE.fullmatch(code):
            raise NotFound(f"'{code[:80]}' is no site that can have photos")
        return self._folder / code
