/** The devices of the map: read once, checked one by one, filtered here so that clusters count what is shown. */

export interface Device {
  type: "Feature";
  geometry: { type: "Point"; coordinates: [number, number] };
  properties: { code: string; kind: string; place?: string; name: string; datastreams?: number[] };
}

export interface Collection {
  type: "FeatureCollection";
  features: Device[];
}

/** A position on the globe that Mercator can show; anything else would stop the whole map. */
function isSound(feature: Device | null): boolean {
  const [longitude, latitude] = feature?.geometry?.coordinates ?? [];
  return Number.isFinite(longitude) && Number.isFinite(latitude) && Math.abs(longitude!) <= 180 && Math.abs(latitude!) <= 85;
}

export class Devices {
  private tag: string | null = null;
  private all: Device[] = [];
  private readonly byDatastream = new Map<number, [number, number]>();

  constructor(private readonly address: string) {}

  /** Read the devices; returns whether they have changed since the last reading. */
  async read(): Promise<boolean> {
    const answer = await fetch(this.address, { cache: "no-cache" });
    if (!answer.ok) return false;
    const tag = answer.headers.get("ETag");
    if (tag !== null && tag === this.tag) return false;
    const collection = (await answer.json()) as Collection;
    this.tag = tag;
    this.all = collection.features.filter(isSound);
    this.byDatastream.clear();
    for (const { geometry, properties } of this.all) {
      for (const id of properties.datastreams ?? []) this.byDatastream.set(id, geometry.coordinates);
    }
    return true;
  }

  /** How many devices there are, whatever is shown. */
  get count(): number {
    return this.all.length;
  }

  /** The devices of these kinds, or all of them. */
  of(kinds: ReadonlySet<string> | undefined): Collection {
    const features = kinds ? this.all.filter((device) => kinds.has(device.properties.kind)) : this.all;
    return { type: "FeatureCollection", features };
  }

  /** Where the device of a datastream stands. */
  position(datastream: number): [number, number] | undefined {
    return this.byDatastream.get(datastream);
  }
}
