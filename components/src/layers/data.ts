/** What `/api/maps/{property}` answers, as far as it is drawn: cells, areas and stations with their frames. */

export interface Frame {
  begin: string;
  end: string;
  stations: number;
  refused: string | null;
  mean: number | null;
  breaks: number[];
}

export interface Said {
  part: "cell" | "contour" | "doubt" | "area" | "station";
  value?: number | null;
  values?: (number | null)[];
  standard_error?: number | null;
  standard_errors?: (number | null)[];
  doubt?: number;
  doubts?: number[];
  low?: number;
  high?: number;
  nearest?: string;
  distance_m?: number;
  code?: string;
}

export type Feature = GeoJSON.Feature<GeoJSON.Geometry, Said> & { id: number };

export interface About {
  breaks: number[];
  decimals: number;
  interpolated: "plain" | "log" | "level";
  frames: Frame[];
}

export interface Answer {
  type: "FeatureCollection";
  map: About;
  features: Feature[];
}

/** One answer, ready to be asked for the value of anything in any frame. */
export class Layers {
  readonly about: About;
  readonly byId = new Map<number, Feature>();
  private readonly byCode = new Map<string, Feature>();

  constructor(readonly answer: Answer) {
    this.about = answer.map;
    for (const feature of answer.features) {
      this.byId.set(feature.id, feature);
      if (feature.properties.part === "station") this.byCode.set(feature.properties.code!, feature);
    }
  }

  get frames(): Frame[] {
    return this.about.frames;
  }

  of(...parts: Said["part"][]): Feature[] {
    return this.answer.features.filter((feature) => parts.includes(feature.properties.part));
  }

  station(code: string): Feature | undefined {
    return this.byCode.get(code);
  }

  value(feature: Feature, frame: number): number | null {
    const { values, value } = feature.properties;
    return (values ? values[frame] : value) ?? null;
  }

  error(feature: Feature, frame: number): number | null {
    const { standard_errors: errors, standard_error: error } = feature.properties;
    return (errors ? errors[frame] : error) ?? null;
  }

  doubt(feature: Feature, frame: number): number {
    const { doubts, doubt } = feature.properties;
    return (doubts ? doubts[frame] : doubt) ?? 3;
  }

  /** The class of a value in the legend of its frame, 0 being the lowest; -1 for none. */
  tone(value: number | null, frame: number): number {
    if (value === null) return -1;
    const breaks = this.frames[frame]?.breaks ?? [];
    let tone = 0;
    while (tone < breaks.length - 2 && value >= breaks[tone + 1]!) tone += 1;
    return tone;
  }

  /** How far a value is from the mean of the stations of its frame, in seven classes, 3 being near it; -1 for none. */
  difference(value: number | null, frame: number): number {
    const mean = this.frames[frame]?.mean ?? null;
    if (value === null || mean === null) return -1;
    return 3 + Math.max(-3, Math.min(3, Math.round((value - mean) / this.step)));
  }

  /** The width of a class of differences: a third of the largest difference of any station, rounded. */
  get step(): number {
    let most = 0;
    for (const station of this.of("station")) {
      this.frames.forEach(({ mean }, frame) => {
        const value = this.value(station, frame);
        if (value !== null && mean !== null) most = Math.max(most, Math.abs(value - mean));
      });
    }
    const rough = Math.max(most / 3, 10 ** -this.about.decimals);
    const tens = 10 ** Math.floor(Math.log10(rough));
    return tens * ([1, 2, 2.5, 5, 10].find((each) => each * tens >= rough * 0.99) ?? 10);
  }
}

/** The band in which eight of ten values lie; a logarithm's is wider above than below. */
export function band(value: number, error: number, interpolated: About["interpolated"]): [number, number] {
  const wide = 1.281552;
  if (interpolated !== "log") return [value - wide * error, value + wide * error];
  const factor = Math.exp(wide * Math.asinh(error / value));
  return [value / factor, value * factor];
}
