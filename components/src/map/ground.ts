import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import {
  addProtocol,
  Map as MapLibre,
  NavigationControl,
  type PaddingOptions,
  ScaleControl,
  setWorkerUrl,
  type StyleSpecification,
} from "maplibre-gl";
import { type Ink, inkOf } from "../colours";

/** What the page tells each of its maps. */
export interface GroundOptions {
  places: string;
  basemap: string | undefined;
  bounds: [number, number, number, number];
  language: string;
  labels: Record<string, string>;
}

/** What tells the maps apart: `style` and `pictures` are asked for again whenever the colours change. */
export interface Look {
  style: (ink: Ink) => StyleSpecification;
  pictures?: (ink: Ink) => Record<string, ImageData>;
  padding: number | PaddingOptions;
  zooms: [number, number];
}

/** Pictures are drawn twice as large as shown, for dense screens. */
export const PIXEL_RATIO = 2;
const NEAREST = 17; // a map of one point shows its street, not its paving

setWorkerUrl(workerUrl);

/** Load what a map is drawn with: its letters, and the reader of our own tiles where there are any. */
export async function groundReady(basemap: string | undefined): Promise<void> {
  await Promise.all([
    document.fonts.load('800 16px "Bricolage Bold"'),
    document.fonts.load('16px "Bricolage Grotesque Variable"'),
    basemap ? import("pmtiles").then(({ Protocol }) => addProtocol("pmtiles", new Protocol().tile)) : null,
  ]);
}

/** MapLibre in its host, with the controls and gestures of all our maps, in the colours of the theme. */
export class Ground {
  readonly map: MapLibre;
  private readonly dark = matchMedia("(prefers-color-scheme: dark)");
  private readonly printed = document.createElement("img");

  constructor(
    private readonly host: HTMLElement,
    options: GroundOptions,
    private readonly look: Look,
  ) {
    const container = document.createElement("div");
    container.className = "map-canvas";
    host.append(container);
    this.map = new MapLibre({
      container,
      style: look.style(inkOf(host)),
      bounds: options.bounds,
      fitBoundsOptions: { padding: look.padding, maxZoom: NEAREST },
      attributionControl: false,
      cooperativeGestures: true,
      dragRotate: false,
      pitchWithRotate: false,
      minZoom: look.zooms[0],
      maxZoom: look.zooms[1],
      fadeDuration: 0,
      locale: options.labels,
    });
    this.printed.className = "map-printed";
    this.printed.alt = "";
    container.prepend(this.printed);
    this.map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new ScaleControl({ maxWidth: 110 }), "bottom-left");
    this.map.touchZoomRotate.disableRotation();
    this.map.getCanvas().setAttribute("aria-label", options.labels["Map.Title"] ?? "");
    this.map.on("styleimagemissing", () => this.picture(inkOf(host)));
    this.picture(inkOf(host));
    document.addEventListener("placette-theme", this.repaint);
    this.dark.addEventListener("change", this.repaint);
    addEventListener("beforeprint", this.print);
  }

  /** Wait until the style is there (`load`), or all that was asked for is drawn (`idle`). */
  async reached(state: "load" | "idle"): Promise<void> {
    await new Promise<void>((done) => this.map.once(state, () => done()));
  }

  /** Show a hand over what can be clicked in these layers. */
  point(layers: string[]): void {
    const { style } = this.map.getCanvas();
    for (const layer of layers) {
      this.map.on("mouseenter", layer, () => (style.cursor = "pointer"));
      this.map.on("mouseleave", layer, () => (style.cursor = ""));
    }
  }

  /** Paint again what is drawn, in the colours that the look gives now; nothing is laid out again. */
  readonly repaint = (): void => {
    const ink = inkOf(this.host);
    for (const layer of this.look.style(ink).layers) {
      for (const [property, value] of Object.entries(layer.paint ?? {})) {
        this.map.setPaintProperty(layer.id, property as never, value as never);
      }
    }
    this.picture(ink);
  };

  /** Keep what is drawn as a picture: what a graphics card draws does not reach paper. */
  private readonly print = (): void => {
    this.printed.src = this.map.redraw().getCanvas().toDataURL();
  };

  remove(): void {
    removeEventListener("beforeprint", this.print);
    document.removeEventListener("placette-theme", this.repaint);
    this.dark.removeEventListener("change", this.repaint);
    this.map.remove();
  }

  private picture(ink: Ink): void {
    for (const [name, picture] of Object.entries(this.look.pictures?.(ink) ?? {})) {
      if (this.map.hasImage(name)) this.map.updateImage(name, picture);
      else this.map.addImage(name, picture, { pixelRatio: PIXEL_RATIO });
    }
  }
}
