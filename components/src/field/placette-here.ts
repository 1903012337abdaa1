/**
 * `<placette-here latitude="latitude" longitude="longitude" place="place" labels="{…}"><button hidden>…</button>`: fills two
 * fields with where the phone is, says how exact that is, and chooses the nearest place when none is chosen.
 *
 * - `latitude`, `longitude`, `place`: ids of the fields
 * - `labels` (JSON): `accuracy` with `{metres}`, `failed`, `looking`
 */
export class PlacetteHere extends HTMLElement {
  connectedCallback(): void {
    const button = this.querySelector("button");
    if (!button || !("geolocation" in navigator)) return;
    button.hidden = false;
    const said = document.createElement("p");
    said.className = "hint";
    said.setAttribute("role", "status");
    this.append(said);
    button.addEventListener("click", () => {
      const labels = JSON.parse(this.getAttribute("labels") ?? "{}") as Record<string, string>;
      said.textContent = labels["looking"] ?? "";
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => {
          this.fill(coords);
          said.textContent = (labels["accuracy"] ?? "").replace("{metres}", String(Math.ceil(coords.accuracy)));
        },
        () => (said.textContent = labels["failed"] ?? ""),
        { enableHighAccuracy: true, timeout: 30_000, maximumAge: 10_000 },
      );
    });
  }

  private fill(coords: GeolocationCoordinates): void {
    for (const name of ["latitude", "longitude"] as const) {
      const field = document.getElementById(this.getAttribute(name) ?? "") as HTMLInputElement | null;
      if (field) field.value = coords[name].toFixed(6);
    }
    const place = document.getElementById(this.getAttribute("place") ?? "") as HTMLSelectElement | null;
    if (!place || place.value) return;
    const away = (option: HTMLOptionElement) =>
      metres(coords, { latitude: Number(option.dataset["latitude"]), longitude: Number(option.dataset["longitude"]) });
    const nearest = [...place.options].filter((option) => option.value).sort((a, b) => away(a) - away(b))[0];
    if (nearest) place.value = nearest.value;
  }
}

export interface Position {
  latitude: number;
  longitude: number;
}

/** The distance between two positions of one city, m. */
export function metres(one: Position, other: Position): number {
  const east = (one.longitude - other.longitude) * Math.cos((((one.latitude + other.latitude) / 2) * Math.PI) / 180);
  return Math.hypot(east, one.latitude - other.latitude) * 111_195;
}
