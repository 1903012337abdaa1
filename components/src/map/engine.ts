import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import {
  addProtocol,
  type GeoJSONSource,
  Map as MapLibre,
  type MapGeoJSONFeature,
  Marker,
  NavigationControl,
  ScaleControl,
  setWorkerUrl,
} from "maplibre-gl";
import { inkOf } from "../colours";
import { Devices } from "./data";
import { KINDS, PIXEL_RATIO, pictureOf } from "./images";
import { styleOf } from "./style";

export interface MapOptions {
  things: string;
  places: string;
  basemap: string | undefined;
  bounds: [number, number, number, number];
  language: string;
  labels: Record<string, string>;
  kinds: ReadonlySet<string> | undefined;
  onDevice: (code: string) => void;
  onPlace: (key: string) => void;
}

/** What the map draws at a moment. */
export interface Drawn {
  devices: number;
  clusters: number;
  nearest: [number, number] | undefined;
}

const REFRESH_MS = 60_000;
const PULSES_AT_ONCE = 24; // more ripples than this tell nothing and cost frames
const MOST_DOTS = 400; // devices that can be told apart on a screen; beyond, near ones are gathered
const MARGIN = 0.08; // of the width, as the drawn map leaves
const DEVICE_LAYERS = ["dots", "icons"];

setWorkerUrl(workerUrl);

/** The moving map inside a `<placette-map>`: MapLibre, its data and what one can do with it. */
export class MapEngine {
  private kinds: ReadonlySet<string> | undefined;
  private pulses = 0;
  private timer = 0;

  private constructor(
    private readonly host: HTMLElement,
    private readonly map: MapLibre,
    private readonly devices: Devices,
    private readonly options: MapOptions,
  ) {
    this.kinds = options.kinds;
  }

  /** Open the map over what the host shows, and return it once its first picture is complete. */
  static async open(host: HTMLElement, options: MapOptions): Promise<MapEngine> {
    const devices = new Devices(options.things);
    await Promise.all([
      devices.read(),
      document.fonts.load('800 16px "Bricolage Bold"'),
      document.fonts.load('16px "Bricolage Grotesque Variable"'),
      options.basemap ? import("pmtiles").then(({ Protocol }) => addProtocol("pmtiles", new Protocol().tile)) : null,
    ]);
    const container = document.createElement("div");
    container.className = "map-canvas";
    host.append(container);
    const map = new MapLibre({
      container,
      style: styleOf(inkOf(host), options.language, options.places, options.basemap, devices.count > MOST_DOTS),
      bounds: options.bounds,
      fitBoundsOptions: { padding: Math.round(host.clientWidth * MARGIN) },
      attributionControl: false,
      cooperativeGestures: true,
      dragRotate: false,
      pitchWithRotate: false,
      maxZoom: 19,
      minZoom: 8,
      fadeDuration: 0,
      locale: options.labels,
    });
    const engine = new MapEngine(host, map, devices, options);
    engine.furnish();
    await new Promise<void>((done) => map.once("load", () => done()));
    engine.show(options.kinds);
    await new Promise<void>((done) => map.once("idle", () => done()));
    return engine;
  }

  get view(): [number, number, number] {
    const { lng, lat } = this.map.getCenter();
    return [lng, lat, this.map.getZoom()];
  }

  /** Tell what is drawn, once the data of the last change is. */
  async drawn(): Promise<Drawn> {
    const data = (await this.map.getSource<GeoJSONSource>("devices")!.getData()) as GeoJSON.FeatureCollection;
    const clusters = this.map.queryRenderedFeatures({ layers: ["clusters"] });
    const { lng, lat } = this.map.getCenter();
    const spots = clusters.map((cluster) => (cluster.geometry as GeoJSON.Point).coordinates as [number, number]);
    spots.sort((one, other) => Math.hypot(one[0] - lng, one[1] - lat) - Math.hypot(other[0] - lng, other[1] - lat));
    return { devices: data.features.length, clusters: clusters.length, nearest: spots[0] };
  }

  /** Show these kinds of devices, or all of them. */
  show(kinds: ReadonlySet<string> | undefined): void {
    this.kinds = kinds;
    this.map.getSource<GeoJSONSource>("devices")?.setData(this.devices.of(kinds) as GeoJSON.FeatureCollection);
  }

  async refresh(): Promise<void> {
    if (await this.devices.read()) this.show(this.kinds);
  }

  /** Let a ripple spread where these datastreams have just been observed. */
  pulse(datastreams: number[]): void {
    const view = this.map.getBounds();
    for (const id of datastreams) {
      const at = this.devices.position(id);
      if (!at || this.pulses >= PULSES_AT_ONCE || !view.contains(at)) continue;
      const element = document.createElement("div");
      element.className = "ripple";
      const marker = new Marker({ element }).setLngLat(at).addTo(this.map);
      this.pulses += 1;
      element.addEventListener("animationend", () => {
        marker.remove();
        this.pulses -= 1;
      });
    }
  }

  remove(): void {
    clearInterval(this.timer);
    document.removeEventListener("placette-theme", this.repaint);
    this.map.remove();
  }

  private furnish(): void {
    const { map } = this;
    map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    map.addControl(new ScaleControl({ maxWidth: 110 }), "bottom-left");
    map.touchZoomRotate.disableRotation();
    map.getCanvas().setAttribute("aria-label", this.options.labels["Map.Title"] ?? "");
    map.on("styleimagemissing", () => this.addPictures());
    this.addPictures();
    map.on("click", "clusters", (event) => void this.openCluster(event.features?.[0]));
    map.on("click", "place-names", (event) => this.options.onPlace(String(event.features?.[0]?.properties["key"])));
    for (const layer of DEVICE_LAYERS) {
      map.on("click", layer, (event) => this.options.onDevice(String(event.features?.[0]?.properties["code"])));
    }
    for (const layer of ["clusters", "place-names", ...DEVICE_LAYERS]) {
      map.on("mouseenter", layer, () => (map.getCanvas().style.cursor = "pointer"));
      map.on("mouseleave", layer, () => (map.getCanvas().style.cursor = ""));
    }
    document.addEventListener("placette-theme", this.repaint);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.repaint);
    this.timer = window.setInterval(() => document.hidden || void this.refresh(), REFRESH_MS);
  }

  private readonly repaint = (): void => {
    const ink = inkOf(this.host);
    const { language, places, basemap } = this.options;
    const style = styleOf(ink, language, places, basemap, this.devices.count > MOST_DOTS);
    for (const layer of style.layers) {
      for (const [property, value] of Object.entries(layer.paint ?? {})) {
        this.map.setPaintProperty(layer.id, property as never, value as never);
      }
    }
    this.addPictures();
  };

  private addPictures(): void {
    const ink = inkOf(this.host);
    for (const kind of [...KINDS, "other"]) {
      const picture = pictureOf(kind, ink);
      const name = `kind-${kind}`;
      if (this.map.hasImage(name)) this.map.updateImage(name, picture);
      else this.map.addImage(name, picture, { pixelRatio: PIXEL_RATIO });
    }
  }

  private async openCluster(cluster: MapGeoJSONFeature | undefined): Promise<void> {
    if (!cluster) return;
    const source = this.map.getSource<GeoJSONSource>("devices");
    const zoom = await source?.getClusterExpansionZoom(Number(cluster.properties["cluster_id"]));
    const center = (cluster.geometry as GeoJSON.Point).coordinates as [number, number];
    this.map.easeTo({ center, zoom: (zoom ?? this.map.getZoom()) + 0.3 });
  }
}
