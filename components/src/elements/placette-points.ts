import type { PointsMap } from "../console/map";
import { languageOf } from "../language";

/**
 * `<placette-points>`: a map of points, to pick from or to read.
 *
 * - `points`: JSON list of `{lng, lat, label, text, tone, thing, href, chosen}`; may change
 * - `bounds`: `west,south,east,north` in degrees shown at first; `places`, `basemap`, `labels` as `<placette-map>`
 * - event `placette-point` (bubbles), detail: the code of the thing that was chosen
 * - attribute `ready` is set once the map is seen
 */
export class PlacettePoints extends HTMLElement {
  static observedAttributes = ["points"];

  private map: PointsMap | undefined;
  private watcher: IntersectionObserver | undefined;

  connectedCallback(): void {
    if (!document.createElement("canvas").getContext("webgl2")) return;
    this.watcher = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      this.watcher?.disconnect();
      void this.load();
    });
    this.watcher.observe(this);
  }

  disconnectedCallback(): void {
    this.watcher?.disconnect();
    this.map?.remove();
    this.map = undefined;
  }

  attributeChangedCallback(): void {
    this.map?.show(this.points);
  }

  private get points(): [] {
    return JSON.parse(this.getAttribute("points") ?? "[]") as [];
  }

  private async load(): Promise<void> {
    const { PointsMap } = await import("../console/map");
    if (!this.isConnected || this.map) return;
    const [west, south, east, north] = (this.getAttribute("bounds") ?? "").split(",").map(Number);
    this.map = await PointsMap.open(this, {
      places: this.getAttribute("places") ?? "",
      basemap: this.getAttribute("basemap") ?? undefined,
      bounds: [west ?? 0, south ?? 0, east ?? 0, north ?? 0],
      language: languageOf(this),
      labels: JSON.parse(this.getAttribute("labels") ?? "{}") as Record<string, string>,
      onPoint: (thing) => this.dispatchEvent(new CustomEvent("placette-point", { bubbles: true, detail: thing })),
    });
    this.map.show(this.points);
    this.setAttribute("ready", "");
  }
}
