import type { Drawn, MapEngine } from "../map/engine";
import { languageOf } from "../language";
import type { LiveObservation } from "./placette-stream";

const IDLE_LIMIT_MS = 4000;
const DESKTOP = "(hover: hover) and (pointer: fine) and (min-width: 60em)";

/**
 * `<placette-map>`: turns the map that the server drew inside it into one that moves.
 *
 * - `things`, `places`: addresses of GeoJSON; `basemap`: address of a PMTiles file, absent for the schematic ground
 * - `bounds`: `west,south,east,north` in degrees shown at first
 * - `href`: address prefix of a device's page; `place-href` of a place's page
 * - `kinds`: kinds of devices to show, separated by commas; absent: all
 * - `labels`: JSON of the words of its controls
 * - `scope`: CSS selector of the ancestor whose `placette-swapped` events choose the kind of devices shown
 * - attribute `ready` is set once the moving map is seen; `static` keeps the drawn map
 * - event `placette-select` (bubbles), detail `{code, href}`, when a device is chosen
 *
 * MapLibre is loaded when the browser is idle on a desktop, at the first touch or key elsewhere, and not at all where
 * WebGL is missing. Reading the data again never moves the view.
 */
export class PlacetteMap extends HTMLElement {
  static observedAttributes = ["kinds"];

  private engine: MapEngine | undefined;
  private loading = false;
  private timer = 0;

  connectedCallback(): void {
    this.addEventListener("placette-observations", this.pulse as EventListener);
    this.scope?.addEventListener("placette-swapped", this.filter as EventListener);
    if (this.hasAttribute("static") || !webglWorks()) return;
    if (matchMedia(DESKTOP).matches) {
      // Safari has no requestIdleCallback.
      const idle = globalThis.requestIdleCallback as typeof requestIdleCallback | undefined;
      if (idle) idle(() => void this.load(), { timeout: IDLE_LIMIT_MS });
      else this.timer = window.setTimeout(() => void this.load(), IDLE_LIMIT_MS / 2);
      return;
    }
    for (const name of ["pointerdown", "keydown"]) this.addEventListener(name, this.wake, { once: true });
  }

  disconnectedCallback(): void {
    clearTimeout(this.timer);
    this.scope?.removeEventListener("placette-swapped", this.filter as EventListener);
    this.removeEventListener("placette-observations", this.pulse as EventListener);
    this.engine?.remove();
    this.engine = undefined;
  }

  attributeChangedCallback(): void {
    this.engine?.show(this.kinds);
  }

  /** Read the devices again; the view stays where it is. */
  async refresh(): Promise<void> {
    await this.engine?.refresh();
  }

  /** Where the view is now: longitude, latitude, zoom; `undefined` before the moving map is there. */
  get view(): [number, number, number] | undefined {
    return this.engine?.view;
  }

  /** What is drawn now: devices in the data, clusters in view, and where the one nearest to the middle is. */
  async drawn(): Promise<Drawn | undefined> {
    return this.engine?.drawn();
  }

  private get scope(): Element | null {
    return this.closest(this.getAttribute("scope") ?? "body");
  }

  private get kinds(): ReadonlySet<string> | undefined {
    const value = this.getAttribute("kinds");
    return value === null ? undefined : new Set(value.split(",").filter(Boolean));
  }

  private readonly wake = (event: Event): void => {
    if ((event.target as Element).closest("a")) return;
    void this.load();
  };

  private readonly filter = (event: CustomEvent<URLSearchParams>): void => {
    const kind = event.detail.get("kind");
    if (kind) this.setAttribute("kinds", kind);
    else this.removeAttribute("kinds");
  };

  private readonly pulse = (event: CustomEvent<LiveObservation[]>): void => {
    this.engine?.pulse(event.detail.map((observation) => observation.datastream));
  };

  private async load(): Promise<void> {
    if (this.loading || !this.isConnected) return;
    this.loading = true;
    const { MapEngine } = await import("../map/engine");
    const [west, south, east, north] = (this.getAttribute("bounds") ?? "").split(",").map(Number);
    this.engine = await MapEngine.open(this, {
      things: this.getAttribute("things") ?? "",
      places: this.getAttribute("places") ?? "",
      basemap: this.getAttribute("basemap") ?? undefined,
      bounds: [west ?? 0, south ?? 0, east ?? 0, north ?? 0],
      language: languageOf(this),
      labels: JSON.parse(this.getAttribute("labels") ?? "{}") as Record<string, string>,
      kinds: this.kinds,
      onDevice: (code) => this.choose(code),
      onPlace: (key) => location.assign(`${this.getAttribute("place-href") ?? ""}${encodeURIComponent(key)}`),
    });
    this.setAttribute("ready", "");
  }

  private choose(code: string): void {
    const href = `${this.getAttribute("href") ?? ""}${encodeURIComponent(code)}`;
    this.dispatchEvent(new CustomEvent("placette-select", { bubbles: true, detail: { code, href } }));
  }
}

function webglWorks(): boolean {
  const context = document.createElement("canvas").getContext("webgl2");
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return context !== null;
}
