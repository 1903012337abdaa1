import { PlacetteLive } from "./placette-live";

/** One observation as the live stream carries it. */
export interface LiveObservation {
  datastream: number;
  time: string;
  result: unknown;
  quality: number;
  uncertainty?: number;
  id: number;
}

const QUIET_MS = 250; // how long observations gather before the page is touched: four repaints a second at most

/**
 * `<placette-stream src="/api/live?place=rotonde">`: keeps every `<placette-live>` inside it up to date.
 *
 * - `src`: the address of a stream of server-sent events `observation` and `lost`
 * - event `placette-observations` on each descendant `[data-observations]` and on itself; detail: the observations
 * - attribute `state` is set to `open`, `closed`, and is styled by the page
 *
 * The stream is closed while the page is hidden and opened again when it is seen, from where it was closed.
 */
export class PlacetteStream extends HTMLElement {
  private source: EventSource | undefined;
  private gathered = new Map<number, LiveObservation>();
  private timer = 0;
  private last = "";
  private readonly seen = (): void => (document.hidden ? this.close() : this.open());

  connectedCallback(): void {
    document.addEventListener("visibilitychange", this.seen);
    addEventListener("pagehide", this.leaving);
    this.seen();
  }

  disconnectedCallback(): void {
    document.removeEventListener("visibilitychange", this.seen);
    removeEventListener("pagehide", this.leaving);
    this.close();
  }

  private readonly leaving = (): void => this.close();

  private open(): void {
    const address = this.getAttribute("src");
    if (this.source || !address) return;
    const after = this.last && `${address.includes("?") ? "&" : "?"}after=${this.last}`;
    this.source = new EventSource(address + after);
    this.source.addEventListener("open", () => this.setAttribute("state", "open"));
    this.source.addEventListener("error", () => this.setAttribute("state", "closed"));
    this.source.addEventListener("observation", (event) => this.gather(event));
  }

  private close(): void {
    this.source?.close();
    this.source = undefined;
    this.setAttribute("state", "closed");
  }

  private gather(event: MessageEvent<string>): void {
    this.last = event.lastEventId;
    const list = JSON.parse(event.data) as LiveObservation[];
    for (const observation of list) {
      const known = this.gathered.get(observation.datastream);
      if (!known || known.time <= observation.time) this.gathered.set(observation.datastream, observation);
    }
    this.timer ||= window.setTimeout(() => this.deliver(), QUIET_MS);
  }

  private deliver(): void {
    const observations = this.gathered;
    this.gathered = new Map();
    this.timer = 0;
    for (const element of this.querySelectorAll<PlacetteLive>("placette-live[datastream]")) {
      const observation = observations.get(Number(element.getAttribute("datastream")));
      if (!observation || typeof element.receive !== "function") continue;
      const value = typeof observation.result === "number" ? observation.result : null;
      element.receive(value, observation.time, observation.quality, observation.uncertainty);
    }
    const detail = [...observations.values()];
    for (const element of [this, ...this.querySelectorAll("[data-observations]")]) {
      element.dispatchEvent(new CustomEvent("placette-observations", { detail }));
    }
  }
}
