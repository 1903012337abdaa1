"""``placette basemap``: the city's own map tiles, from an OpenStreetMap extract."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from placette import city as cities
from placette.cli import DATA
from placette.model.errors import NotFound

if TYPE_CHECKING:
    from placette.basemap.build import Progress as Told

FILE_NAME = "basemap.pmtiles"


def basemap(
    extract: Path,
    *,
    city: Path | None = None,
    data: Path = DATA,
    output: Path | None = None,
    max_zoom: Annotated[int, Parameter(validator=Number(gte=10, lte=16))] = 15,
) -> int:
    """Build the city's own map tiles from an OpenStreetMap extract.

    Needs the extra: pip install 'placette[basemap]'.

    Example: placette basemap provence.osm.pbf --city cities/aix --data data/demo

    Args:
        extract: An .osm.pbf file that contains the city.
        city: Cut the map to this city folder's outline and a kilometre around it; without it, the whole extract.
        data: The data folder of the city that shows the map.
        output: The file to write, instead of basemap.pmtiles in the data folder.
        max_zoom: The deepest zoom level stored, 10 to 16; deeper views are drawn from it.
    """
    try:
        from placette.basemap import build as building  # noqa: PLC0415  # an extra that most cities never install
    except ModuleNotFoundError as error:
        raise NotFound(
            f"the map tools are not installed: no module {error.name!r}", "", "pip install 'placette[basemap]'"
        ) from None
    told = cities.read(city) if city else None
    target = (output or data / FILE_NAME).absolute()
    bounds = building.around(told.outline) if told else None
    with _progress() as progress:
        built = building.build(extract, target, told.name if told else extract.name, bounds, max_zoom, progress)
    counts = ", ".join(f"{count:,} {layer}" for layer, count in built.extract.counts.items() if count)
    print(f"drawn: {counts}")
    if built.extract.incomplete:
        print(f"left out: {built.extract.incomplete:,} objects that the extract cuts through")
    tiles = built.tileset
    print(f"{tiles.tiles:,} tiles of zoom {tiles.min_zoom} to {tiles.max_zoom}, {tiles.size:,} bytes: {target}")
    print("every map made with it must show: © OpenStreetMap contributors, ODbL")
    return 0


@contextmanager
def _progress() -> Iterator[Told]:
    """Show a bar in a terminal, and one line per stage elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        stages: list[str] = []

        def tell(stage: str, share: float | None) -> None:
            if stage not in stages:
                stages.append(stage)
                if not console.is_terminal:
                    console.print(stage)
            bar.update(task, description=stage, total=None if share is None else 1.0, completed=share or 0.0)

        yield tell
