"""The page of a device says what was corrected, how sure that is, and what quality control found; live as well."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pyarrow as pa
import pytest
from playwright.sync_api import Page, expect
from tests.web.conftest import DAY_US, World, put

from placette.city import City
from placette.demo.simulation import history
from placette.quality.plans import Plans
from placette.quality.review import review_new
from placette.services.calibration import Correcting
from placette.store import Store

HIVE = "AIX-HDV-AIR-01"
DRY = f"{HIVE}/pm2_5_dry"


def corrected(store: Store, at: int, value: float, doubt: float) -> None:
    """Store a corrected value that states its uncertainty."""
    extra = f'{{"parameters":{{"expandedUncertainty":{doubt},"coverageFactor":2}}}}'
    store.append_now(
        pa.table(
            {
                "datastream_id": [store.directory.by_code[DRY].id],
                "phenomenon_time": pa.array([at], pa.timestamp("us")),
                "result": [value],
                "quality": pa.array([1], pa.uint8()),
                "extra": [extra],
            }
        )
    )


@pytest.fixture(scope="module")
def trusted(start_city: Callable[..., World], aix: City) -> World:
    """Two days of Aix, judged and corrected; one temperature of the hive is impossible, its last value is uncertain."""
    now = time.time_ns() // 1000

    def fill(store: Store) -> None:
        for table in history(aix, now - 2 * DAY_US, now):
            put(store, table)
        temperature = store.directory.by_code[f"{HIVE}/temperature"].id
        store.append_now(
            pa.table(
                {
                    "datastream_id": [temperature],
                    "phenomenon_time": pa.array([now - 1], pa.timestamp("us")),
                    "result": [300.0],
                }
            )
        )
        Correcting(store, aix).step(now)
        review_new(store, Plans(store, aix.quality, aix.zone))
        corrected(store, now - 10, 12.34, 4.21)

    return start_city(aix, fill)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr", ("12,3 ± 4,2", "Valeurs corrigées", "d’après", "Ce que le contrôle qualité a trouvé", "Rejeté")),
        ("en", ("12.3 ± 4.2", "Corrected values", "from", "What quality control found", "Rejected")),
    ],
)
def test_the_page_says_how_far_its_values_can_be_trusted(trusted: World, language: str, words: tuple[str, ...]) -> None:
    page = httpx.get(f"{trusted.url}/{language}/things/{HIVE}", trust_env=False).text
    text = page.replace("&nbsp;", "\N{NO-BREAK SPACE}").replace("\N{NO-BREAK SPACE}", " ")
    text = text.replace('<span class="uncertainty">', "")
    assert [word for word in words if word not in text] == []
    assert "Crilley" in text


def test_what_nobody_judged_or_corrected_is_not_spoken_of(world: World) -> None:
    page = httpx.get(f"{world.url}/en/things/AIX-HDV-CNT-01", trust_env=False).text
    assert 'id="corrected"' not in page


@pytest.mark.browser
def test_a_newer_value_brings_its_own_uncertainty(trusted: World, visit: Callable[..., Page]) -> None:
    page = visit(f"/fr/things/{HIVE}", base=trusted.url)
    shown = page.locator(f"placette-live[datastream='{trusted.store.directory.by_code[DRY].id}'] .live-value")
    expect(shown).to_contain_text("± 4,2")
    page.locator("placette-stream[state='open']").wait_for()
    corrected(trusted.store, time.time_ns() // 1000, 20.0, 7.0)
    expect(shown).to_contain_text("20,0")
    expect(shown).to_contain_text("± 7,0")


@pytest.mark.browser
@pytest.mark.parametrize("wide", [True, False])
def test_it_is_accessible_and_fits(
    trusted: World, visit: Callable[..., Page], axe: Callable[[Page], list[str]], wide: bool
) -> None:
    page = visit(f"/fr/things/{HIVE}", base=trusted.url, wide=wide)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.complaints == []  # type: ignore[attr-defined]
