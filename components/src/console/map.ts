import { type GeoJSONSource, type LayerSpecification, type StyleSpecification } from "maplibre-gl";
import type { Ink } from "../colours";
import { Ground, groundReady, type GroundOptions } from "../map/ground";
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

export interface PointsOptions extends GroundOptions {
  onPoint: (thing: string) => void;
}

const FONT = ["Bricolage Bold"];
const PADDING = { top: 46, bottom: 46, left: 46, right: 92 };

/** A moving map of some points, over the ground that all our maps share. */
export class PointsMap {
  private readonly ground: Ground;

  private constructor(host: HTMLElement, options: PointsOptions) {
    this.ground = new Ground(host, options, { style: (ink) => style(ink, options), padding: PADDING, zooms: [8, 19] });
    this.ground.map.on("click", "points", (event) => options.onPoint(String(event.features?.[0]?.properties["thing"])));
    this.ground.point(["points"]);
  }

  static async open(host: HTMLElement, options: PointsOptions): Promise<PointsMap> {
    await groundReady(options.basemap);
    const points = new PointsMap(host, options);
    await points.ground.reached("load");
    return points;
  }

  show(points: Point[]): void {
    const features = points.map(({ lng, lat, ...properties }) => ({
      type: "Feature" as const,
      geometry: { type: "Point" as const, coordinates: [lng, lat] },
      properties,
    }));
    this.ground.map.getSource<GeoJSONSource>("devices")?.setData({ type: "FeatureCollection", features });
  }

  remove(): void {
    this.ground.remove();
  }
}

function style(ink: Ink, options: PointsOptions): StyleSpecification {
  const made = styleOf(ink, options.language, options.places, options.basemap, false);
  made.layers = made.layers.filter((layer) => !("source" in layer && layer.source === "devices"));
  made.layers.push(...layersOf(ink));
  return made;
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
