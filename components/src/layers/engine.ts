import { type GeoJSONSource, type Map as MapLibre } from "maplibre-gl";
import type { Ink } from "../colours";
import { Ground, groundReady, type GroundOptions, PIXEL_RATIO } from "../map/ground";
import type { Answer, Feature, Layers } from "./data";
import { styleOf, type View } from "./style";

export interface LayerOptions extends GroundOptions {
  onPick: (feature: Feature | undefined, contour: Feature | undefined) => void;
}

const HATCH: Record<string, number> = { hatch: 10, "hatch-more": 5 };
const MARGIN = 0.04; // of the width
const ROOM = 20; // pixels across a station with its halo

/** The moving map inside a `<placette-layers>`. Frames change the state of features alone: nothing is laid out again. */
export class LayerEngine {
  private view: View = "value";
  private frame = 0;
  private contours: Answer | undefined;

  private readonly ground: Ground;
  private readonly map: MapLibre;

  private constructor(
    host: HTMLElement,
    private readonly layers: Layers,
    private readonly options: LayerOptions,
  ) {
    const { language, places, basemap } = options;
    this.ground = new Ground(host, options, {
      style: (ink) => styleOf(ink, language, places, basemap, this.view),
      pictures: (ink) => ({ ...hatchings(ink), room: new ImageData(ROOM * PIXEL_RATIO, ROOM * PIXEL_RATIO) }),
      padding: Math.round(host.clientWidth * MARGIN),
      zooms: [6, 18],
    });
    this.map = this.ground.map;
    this.furnish();
  }

  static async open(host: HTMLElement, layers: Layers, options: LayerOptions): Promise<LayerEngine> {
    await groundReady(options.basemap);
    const engine = new LayerEngine(host, layers, options);
    await engine.ground.reached("load");
    engine.fill();
    await engine.ground.reached("idle");
    return engine;
  }

  /** Show a frame in a view; `contours` are drawn instead of hexagons. */
  show(frame: number, view: View, contours?: Answer): void {
    this.frame = frame;
    this.contours = contours;
    if (view !== this.view) {
      this.view = view;
      this.ground.repaint();
    }
    this.colour();
    this.outline();
  }

  /** How many features of each part are drawn with a colour now. */
  drawn(): Record<string, number> {
    const found: Record<string, number> = { contour: this.contours?.features.length ?? 0 };
    for (const { id, properties } of this.layers.answer.features) {
      const source = properties.part === "station" ? "stations" : "layers";
      const tone = this.map.getFeatureState({ source, id })["tone"] as number | undefined;
      if (tone !== undefined && tone >= 0) found[properties.part] = (found[properties.part] ?? 0) + 1;
    }
    return found;
  }

  remove(): void {
    this.ground.remove();
  }

  private fill(): void {
    const collection = (features: Feature[]) => ({ type: "FeatureCollection" as const, features });
    const lean = this.layers.of("cell", "area").map(({ type, id, geometry, properties }) => ({
      type,
      id,
      geometry,
      properties: { part: properties.part },
    }));
    this.map.getSource<GeoJSONSource>("layers")?.setData(collection(lean as Feature[]));
    this.map.getSource<GeoJSONSource>("stations")?.setData(collection(this.layers.of("station")));
    this.colour();
  }

  private colour(): void {
    const { layers, frame, view } = this;
    const refused = layers.frames[frame]?.refused ?? null;
    for (const feature of layers.answer.features) {
      const { part } = feature.properties;
      const source = part === "station" ? "stations" : "layers";
      const value = layers.value(feature, frame);
      const doubt = part === "cell" ? layers.doubt(feature, frame) : 0;
      let tone = view === "difference" ? layers.difference(value, frame) : layers.tone(value, frame);
      if (view === "error" && part === "cell") tone = value === null ? -1 : doubt;
      if ((part === "area" && refused === null) || (part === "cell" && (refused !== null || this.contours))) tone = -1;
      this.map.setFeatureState({ source, id: feature.id }, { tone, doubt: tone < 0 ? -1 : view === "error" ? 0 : doubt });
    }
  }

  private outline(): void {
    const features = (this.contours?.features ?? [])
      .filter(({ properties }) => properties.part === "contour" || properties.part === "doubt")
      .map((feature) => {
        const { low, high } = feature.properties;
        const middle = low === undefined || high === undefined ? null : (low + high) / 2;
        return { ...feature, properties: { ...feature.properties, tone: this.layers.tone(middle, this.frame) } };
      });
    this.map.getSource<GeoJSONSource>("contours")?.setData({ type: "FeatureCollection", features });
  }

  private furnish(): void {
    const canvas = this.map.getCanvas();
    this.map.on("click", (event) => this.pick([event.point.x, event.point.y]));
    canvas.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.pick([canvas.clientWidth / 2, canvas.clientHeight / 2]);
    });
  }

  private pick(point: [number, number]): void {
    const hits = this.map.queryRenderedFeatures(point, { layers: ["stations", "cells", "areas", "contours"] });
    const refused = this.layers.frames[this.frame]?.refused ?? null;
    const ids = hits.filter(({ source, layer }) => source !== "contours" && (layer.id !== "areas" || refused !== null));
    const hit = ids.map(({ id }) => this.layers.byId.get(Number(id))).find((feature) => {
      return feature !== undefined && (feature.properties.part !== "cell" || refused === null);
    });
    const contour = hits.find(({ source }) => source === "contours");
    this.map.setFilter("chosen", ["==", ["id"], hit?.properties.part === "cell" ? hit.id : -1]);
    this.options.onPick(hit, contour as unknown as Feature | undefined);
  }
}

/** The hatchings of doubt, by the names that the style asks for. */
function hatchings(ink: Ink): Record<string, ImageData> {
  const colour = ink("--ink-soft", 0.55);
  return Object.fromEntries(Object.entries(HATCH).map(([name, step]) => [name, hatching(step * PIXEL_RATIO, colour)]));
}

/** One tile of lines that fall at 45 degrees; it fits its neighbours. */
function hatching(size: number, colour: string): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const context = canvas.getContext("2d")!;
  context.strokeStyle = colour;
  context.lineWidth = 1.6;
  for (const shift of [-size, 0, size]) {
    context.beginPath();
    context.moveTo(shift - 1, size + 1);
    context.lineTo(shift + size + 1, -1);
    context.stroke();
  }
  return context.getImageData(0, 0, size, size);
}
