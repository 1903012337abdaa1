import type { ChartEngine } from "../chart/engine";
import { languageOf } from "../language";

/**
 * `<placette-chart>`: turns the chart that the server drew inside it into one that can be read point by point.
 *
 * - `src`: address of `/api/series` with its parameters
 * - `shape`: `line` with a band from minimum to maximum, or `bars` for counts and consumptions
 * - `unit`, `decimals`, `zone`: how figures and times are written
 * - `names`: JSON list, one name per datastream of the answer; `labels`: JSON of the words of the readout
 * - attribute `ready` is set once the live chart is seen
 *
 * Arrow keys walk from value to value, Home and End go to the ends, Escape leaves; a drag across the chart magnifies,
 * a double click shows all again. Where there is no value the line is broken.
 */
export class PlacetteChart extends HTMLElement {
  private engine: ChartEngine | undefined;
  private watcher: IntersectionObserver | undefined;

  connectedCallback(): void {
    this.watcher = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      this.watcher?.disconnect();
      void this.load();
    });
    this.watcher.observe(this);
  }

  disconnectedCallback(): void {
    this.watcher?.disconnect();
    this.engine?.remove();
    this.engine = undefined;
  }

  private async load(): Promise<void> {
    const address = this.getAttribute("src");
    if (!address || this.engine) return;
    const [{ ChartEngine }, answer] = await Promise.all([import("../chart/engine"), fetch(address)]);
    if (!answer.ok || !this.isConnected) return;
    this.engine = new ChartEngine(this, await answer.json(), {
      bars: this.getAttribute("shape") === "bars",
      unit: this.getAttribute("unit") ?? "",
      decimals: Number(this.getAttribute("decimals")) || 0,
      zone: this.getAttribute("zone") ?? "UTC",
      language: languageOf(this),
      names: JSON.parse(this.getAttribute("names") ?? "[]") as string[],
      labels: JSON.parse(this.getAttribute("labels") ?? "{}") as Record<string, string>,
    });
    this.setAttribute("ready", "");
  }
}
