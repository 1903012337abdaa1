import { type GeoJSONSource, type Map as MapLibre, type MapGeoJSONFeature, Marker } from "maplibre-gl";
import { Devices } from "./data";
import { Ground, groundReady, type GroundOptions } from "./ground";
import { picturesOf } from "./images";
import { styleOf } from "./style";

export interface MapOptions extends GroundOptions {
  things: string;
  kinds: ReadonlySet<string> | undefined;
  onDevice: (code: string) => void;
  onPlace: (key: string) => void;
}

/** What the map draws at a moment; `nearest` to its middle is a cluster that no name of a place covers. */
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

/** The moving map inside a `<placette-map>`: MapLibre, its data and what one can do with it. */
export class MapEngine {
  private kinds: ReadonlySet<string> | undefined;
  private pulses = 0;
  private timer = 0;

  private readonly ground: Ground;
  private readonly map: MapLibre;

  private constructor(
    host: HTMLElement,
    private readonly devices: Devices,
    private readonly options: MapOptions,
  ) {
    const { language, places, basemap } = options;
    this.kinds = options.kinds;
    this.ground = new Ground(host, options, {
      style: (ink) => styleOf(ink, language, places, basemap, devices.count > MOST_DOTS),
      pictures: picturesOf,
      padding: Math.round(host.clientWidth * MARGIN),
      zooms: [8, 19],
    });
    this.map = this.ground.map;
    this.furnish();
  }

  /** Open the map over what the host shows, and return it once its first picture is complete. */
  static async open(host: HTMLElement, options: MapOptions): Promise<MapEngine> {
    const devices = new Devices(options.things);
    await Promise.all([devices.read(), groundReady(options.basemap)]);
    const engine = new MapEngine(host, devices, options);
    await engine.ground.reached("load");
    engine.show(options.kinds);
    await engine.ground.reached("idle");
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
    const spots = clusters
      .map((cluster) => (cluster.geometry as GeoJSON.Point).coordinates as [number, number])
      .filter((spot) => !this.map.queryRenderedFeatures(this.map.project(spot), { layers: ["place-names"] }).length);
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
    this.ground.remove();
  }

  private furnish(): void {
    const { map } = this;
    map.on("click", "clusters", (event) => void this.openCluster(event.features?.[0]));
    map.on("click", "place-names", (event) => this.options.onPlace(String(event.features?.[0]?.properties["key"])));
    for (const layer of DEVICE_LAYERS) {
      map.on("click", layer, (event) => this.options.onDevice(String(event.features?.[0]?.properties["code"])));
    }
    this.ground.point(["clusters", "place-names", ...DEVICE_LAYERS]);
    this.timer = window.setInterval(() => document.hidden || void this.refresh(), REFRESH_MS);
  }

  private async openCluster(cluster: MapGeoJSONFeature | undefined): Promise<void> {
    if (!cluster) return;
    const source = this.map.getSource<GeoJSONSource>("devices");
    const zoom = await source?.getClusterExpansionZoom(Number(cluster.properties["cluster_id"]));
    const center = (cluster.geometry as GeoJSON.Point).coordinates as [number, number];
    this.map.easeTo({ center, zoom: (zoom ?? this.map.getZoom()) + 0.3 });
  }
}
