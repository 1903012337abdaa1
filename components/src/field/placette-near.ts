import { metres } from "./placette-here";

/**
 * `<placette-near list="round" unit-km="à {}" failed="…"><button hidden>…</button>`: sorts a list by how far its items are
 * from here and says the distance in their `.round-away`; items carry `data-longitude` and `data-latitude`.
 */
export class PlacetteNear extends HTMLElement {
  connectedCallback(): void {
    const button = this.querySelector("button");
    if (!button || !("geolocation" in navigator)) return;
    button.hidden = false;
    const said = document.createElement("span");
    said.className = "hint";
    said.setAttribute("role", "status");
    this.append(" ", said);
    button.addEventListener("click", () =>
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => this.sort(coords),
        () => (said.textContent = this.getAttribute("failed") ?? ""),
        { timeout: 30_000, maximumAge: 60_000 },
      ),
    );
  }

  private sort(here: GeolocationCoordinates): void {
    const list = document.getElementById(this.getAttribute("list") ?? "");
    if (!list) return;
    const away = new Map<Element, number>();
    for (const item of list.children) {
      const { longitude, latitude } = (item as HTMLElement).dataset;
      away.set(item, metres(here, { longitude: Number(longitude), latitude: Number(latitude) }));
    }
    for (const [item, distance] of [...away].sort((a, b) => a[1] - b[1])) {
      const shown = item.querySelector(".round-away");
      if (shown) shown.textContent = `· ${(this.getAttribute("unit-km") ?? "{}").replace("{}", this.written(distance))}`;
      list.append(item);
    }
  }

  private written(distance: number): string {
    const far = distance >= 1000;
    const unit = far ? "kilometer" : "meter";
    const options = { style: "unit", unit, maximumFractionDigits: far ? 1 : 0 } as const;
    return new Intl.NumberFormat(document.documentElement.lang || "fr", options).format(far ? distance / 1000 : Math.round(distance / 10) * 10);
  }
}
