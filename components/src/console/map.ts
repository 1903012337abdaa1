import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import {
  addProtocol,
  type GeoJSONSource,
  type LayerSpecification,
  Map as MapLibre,
  NavigationControl,
  ScaleControl,
  setWorkerUrl,
  type StyleSpecification,
} from "maplibre-gl";
import { type Ink, inkOf } from "../colours";
import { styleOf } from "../map/style";

/** One point: where, what it is called, what stands beside it. */
export interface Point {
  lng: number;
  lat: number;
  label: string;
  text: string;
  tone: number;
  thing: string;
  href: string;
  chosen: boolean;
}

export interface PointsOptions {
  places: string;
  basemap: string | undefined;
  bounds: [number, number, number, number];
  language: string;
  labels: Record<string, string>;
  onPoint: (thing: string) => void;
}

const FONT = ["Bricolage Bold"];
const PADDING = { top: 46, bottom: 46, left: 46, right: 92 };

setWorkerUrl(workerUrl);

/** A moving map of some points, over the ground that all our maps share. */
export class PointsMap {
  private constructor(
    private readonly host: HTMLElement,
    private readonly map: MapLibre,
    private readonly options: PointsOptions,
  ) {}

  static async open(host: HTMLElement, options: PointsOptions): Promise<PointsMap> {
    await Promise.all([
      document.fonts.load('800 16px "Bricolage Bold"'),
      options.basemap ? import("pmtiles").then(({ Protocol }) => addProtocol("pmtiles", new Protocol().tile)) : null,
    ]);
    const container = document.createElement("div");
    container.className = "map-canvas";
    host.append(container);
    const map = new MapLibre({
      container,
      style: PointsMap.style(inkOf(host), options),
      bounds: options.bounds,
      fitBoundsOptions: { padding: PADDING, maxZoom: 17 },
      attributionControl: false,
      cooperativeGestures: true,
      dragRotate: false,
      pitchWithRotate: false,
      maxZoom: 19,
      minZoom: 8,
      fadeDuration: 0,
      locale: options.labels,
    });
    const points = new PointsMap(host, map, options);
    points.furnish();
    await new Promise<void>((done) => map.once("load", () => done()));
    return points;
  }

  private static style(ink: Ink, options: PointsOptions): StyleSpecification {
    const style = styleOf(ink, options.language, options.places, options.basemap, false);
    style.layers = style.layers.filter((layer) => !("source" in layer && layer.source === "devices"));
    style.layers.push(...layersOf(ink));
    return style;
  }

  show(points: Point[]): void {
    const features = points.map(({ lng, lat, ...properties }) => ({
      type: "Feature" as const,
      geometry: { type: "Point" as const, coordinates: [lng, lat] },
      properties,
    }));
    this.map.getSource<GeoJSONSource>("devices")?.setData({ type: "FeatureCollection", features });
  }

  remove(): void {
    document.removeEventListener("placette-theme", this.repaint);
    this.map.remove();
  }

  private furnish(): void {
    const { map } = this;
    map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    map.addControl(new ScaleControl({ maxWidth: 110 }), "bottom-left");
    map.touchZoomRotate.disableRotation();
    map.getCanvas().setAttribute("aria-label", this.options.labels["Map.Title"] ?? "");
    map.on("click", "points", (event) => this.options.onPoint(String(event.features?.[0]?.properties["thing"])));
    map.on("mouseenter", "points", () => (map.getCanvas().style.cursor = "pointer"));
    map.on("mouseleave", "points", () => (map.getCanvas().style.cursor = ""));
    document.addEventListener("placette-theme", this.repaint);
  }

  private readonly repaint = (): void => {
    for (const layer of PointsMap.style(inkOf(this.host), this.options).layers) {
      for (const [property, value] of Object.entries(layer.paint ?? {})) {
        this.map.setPaintProperty(layer.id, property as never, value as never);
      }
    }
  };
}

function layersOf(ink: Ink): LayerSpecification[] {
  return [
    {
      id: "points",
      type: "circle",
      source: "devices",
      paint: {
        "circle-radius": ["case", ["get", "chosen"], 9, ["+", 7, ["get", "tone"]]],
        "circle-color": ["case", ["get", "chosen"], ink("--ochre"), ink("--blue")],
        "circle-opacity": ["case", ["get", "chosen"], 1, ["==", ["get", "text"], ""], 0.7, ["+", 0.35, ["*", 0.12, ["get", "tone"]]]],
        "circle-stroke-color": ["case", ["get", "chosen"], ink("--ochre-ink"), ink("--plaster")],
        "circle-stroke-width": 2,
      },
    },
    {
      id: "point-texts",
      type: "symbol",
      source: "devices",
      layout: {
        "text-field": ["get", "text"],
        "text-font": FONT,
        "text-size": 13,
        "text-anchor": "left",
        "text-offset": [1.1, 0],
      },
      paint: { "text-color": ink("--ink"), "text-halo-color": ink("--map-ground"), "text-halo-width": 2 },
    },
  ];
}
