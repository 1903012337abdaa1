import { languageOf, numberFormat } from "../language";
import { type Answer, band, type Feature, Layers } from "../layers/data";
import type { LayerEngine } from "../layers/engine";
import type { View } from "../layers/style";

const IDLE_LIMIT_MS = 4000;
const DESKTOP = "(hover: hover) and (pointer: fine) and (min-width: 60em)";
const STEP_MS = 800;
const VIEWS: View[] = ["value", "difference", "error"];
const SHAPES = ["hexagons", "contours"];

type Labels = Record<string, string>;

/**
 * `<placette-layers>`: turns the map between stations that the server drew inside it into one that moves through time.
 *
 * - `src`: address of `/api/maps/{property}` with its parameters; `places`, `basemap`, `bounds` as of `<placette-map>`
 * - `unit`, `decimals`, `zone`: how figures and times are written; `href`: address prefix of a device's page
 * - `labels`: JSON of its words; `map-labels`: JSON of those of the map's controls
 * - attribute `ready` is set once the moving map is seen; `frame`, `view` and `shape` are what is shown
 *
 * Below the map it puts a slider (arrow keys, Home, End), a button that plays, the choice of what is shown (values,
 * differences to the mean, doubt) and of the shape, and a line that reads out what was touched. Like the city map it
 * loads MapLibre when a desktop is idle, and at the first touch or key elsewhere; without WebGL the drawn map stays.
 */
export class PlacetteLayers extends HTMLElement {
  private engine: LayerEngine | undefined;
  private layers: Layers | undefined;
  private labels: Labels = {};
  private loading = false;
  private frame = 0;
  private view: View = "value";
  private shape = "hexagons";
  private timer = 0;
  private picked: Feature | undefined;
  private readonly legend = document.createElement("div");
  private readonly contours = new Map<string, Promise<Answer | undefined>>();
  private parts: { play: HTMLButtonElement; slider: HTMLInputElement; time: HTMLOutputElement; readout: HTMLElement } | undefined;

  connectedCallback(): void {
    if (!document.createElement("canvas").getContext("webgl2")) return;
    this.labels = JSON.parse(this.getAttribute("labels") ?? "{}") as Labels;
    if (matchMedia(DESKTOP).matches) {
      const idle = globalThis.requestIdleCallback as typeof requestIdleCallback | undefined;
      if (idle) idle(() => void this.load(), { timeout: IDLE_LIMIT_MS });
      else this.timer = window.setTimeout(() => void this.load(), IDLE_LIMIT_MS / 2);
      return;
    }
    for (const name of ["pointerdown", "keydown"]) this.addEventListener(name, this.wake, { once: true });
    const button = document.createElement("button");
    button.className = "map-wake";
    button.type = "button";
    button.textContent = this.labels["wake"] ?? "";
    this.append(button);
  }

  disconnectedCallback(): void {
    clearTimeout(this.timer);
    clearInterval(this.timer);
    this.engine?.remove();
    this.engine = undefined;
  }

  /** How many features of each part are drawn with a colour now; `undefined` before the moving map is there. */
  drawn(): Record<string, number> | undefined {
    return this.engine?.drawn();
  }

  private readonly wake = (): void => void this.load();

  private async load(): Promise<void> {
    if (this.loading || !this.isConnected) return;
    this.loading = true;
    const [{ LayerEngine }, answer] = await Promise.all([import("../layers/engine"), this.read(this.getAttribute("src") ?? "")]);
    if (!answer || !this.isConnected) return;
    this.layers = new Layers(answer);
    const [west, south, east, north] = (this.getAttribute("bounds") ?? "").split(",").map(Number);
    this.engine = await LayerEngine.open(this, this.layers, {
      places: this.getAttribute("places") ?? "",
      basemap: this.getAttribute("basemap") ?? undefined,
      bounds: [west ?? 0, south ?? 0, east ?? 0, north ?? 0],
      language: languageOf(this),
      labels: JSON.parse(this.getAttribute("map-labels") ?? "{}") as Labels,
      onPick: (feature, contour) => this.pick(feature, contour),
    });
    this.furnish();
    this.frame = this.layers.frames.length - 1;
    await this.show();
    this.setAttribute("ready", "");
  }

  private async read(address: string): Promise<Answer | undefined> {
    const answer = await fetch(address);
    return answer.ok ? ((await answer.json()) as Answer) : undefined;
  }

  private furnish(): void {
    const controls = document.createElement("div");
    controls.className = "layers-controls";
    const play = document.createElement("button");
    play.type = "button";
    play.className = "button";
    play.addEventListener("click", () => this.play(!this.playing));
    const slider = document.createElement("input");
    slider.type = "range";
    slider.min = "0";
    slider.max = String(this.layers!.frames.length - 1);
    slider.value = slider.max;
    slider.setAttribute("aria-label", this.labels["time"] ?? "");
    slider.addEventListener("input", () => {
      this.play(false);
      this.frame = Number(slider.value);
      void this.show();
    });
    const time = document.createElement("output");
    const line = document.createElement("div");
    line.append(time, slider);
    const choices = document.createElement("div");
    choices.className = "layers-choices";
    const some = this.layers!.of("cell").length > 0;
    const views = some ? VIEWS : VIEWS.filter((view) => view !== "error");
    choices.append(this.choice("view", views, this.view, (view) => (this.view = view as View)));
    if (some) choices.append(this.choice("shape", SHAPES, this.shape, (shape) => (this.shape = shape)));
    const readout = document.createElement("p");
    readout.className = "layers-readout";
    readout.setAttribute("role", "status");
    readout.textContent = this.labels["touch"] ?? "";
    controls.append(play, line, choices, readout);
    this.parts = { play, slider, time, readout };
    this.after(controls);
    this.play(false);
  }

  private choice(name: string, values: string[], chosen: string, choose: (value: string) => void): HTMLElement {
    const group = document.createElement("fieldset");
    const legend = document.createElement("legend");
    legend.textContent = this.labels[name] ?? "";
    group.append(legend);
    for (const value of values) {
      const label = document.createElement("label");
      const input = document.createElement("input");
      input.type = "radio";
      input.name = `layers-${name}`;
      input.value = value;
      input.checked = value === chosen;
      input.addEventListener("change", () => {
        choose(value);
        void this.show();
      });
      label.append(input, this.labels[value] ?? value);
      group.append(label);
    }
    return group;
  }

  private get playing(): boolean {
    return this.hasAttribute("playing");
  }

  private play(on: boolean): void {
    clearInterval(this.timer);
    this.toggleAttribute("playing", on);
    if (this.parts) this.parts.play.textContent = this.labels[on ? "pause" : "play"] ?? "";
    if (!on || !this.layers) return;
    const count = this.layers.frames.length;
    const next = (): void => {
      this.frame = (this.frame + 1) % count;
      void this.show();
      if (this.frame === count - 1) this.play(false);
    };
    next();
    if (this.playing) this.timer = window.setInterval(next, STEP_MS);
  }

  private async show(): Promise<void> {
    const { layers, parts, frame } = this;
    if (!layers || !parts) return;
    const shown = layers.frames[frame]!;
    const said = this.when(shown.begin, shown.end);
    parts.slider.value = String(frame);
    parts.slider.setAttribute("aria-valuetext", said);
    parts.time.textContent = shown.refused ? `${said} – ${this.labels[shown.refused] ?? shown.refused}` : said;
    const contours = this.shape === "contours" && !shown.refused ? await this.contoursOf(shown.end) : undefined;
    if (frame !== this.frame) return;
    this.engine?.show(frame, this.view, contours);
    this.setAttribute("frame", String(frame));
    this.setAttribute("view", this.view);
    this.setAttribute("shape", this.shape);
    this.explain();
    if (this.picked) this.pick(this.picked, undefined);
  }

  /** Put the legend of the view in the place of the server's, which stays for paper, where the served map is. */
  private explain(): void {
    const served = this.closest("figure")?.querySelector<HTMLElement>(".legend-served");
    const shown = this.view === "value" ? `value ${this.frame}` : this.view;
    const { legend } = this;
    if (!served || legend.dataset["shown"] === shown) return;
    legend.dataset["shown"] = shown;
    legend.className = "legend-now";
    served.after(legend);
    const heading = document.createElement("h2");
    heading.textContent = `${this.labels[this.view]}${this.view === "error" ? "" : `, ${this.getAttribute("unit")}`}`;
    const list = document.createElement("ul");
    list.className = "classes";
    const classes = { value: () => this.classes(), difference: () => this.differences(), error: () => this.doubts() };
    for (const [tone, words] of classes[this.view]()) {
      const item = document.createElement("li");
      const swatch = document.createElement("i");
      swatch.className = `swatch tone-${tone}`;
      swatch.ariaHidden = "true";
      item.append(swatch, words);
      list.append(item);
    }
    legend.replaceChildren(heading, list);
  }

  private classes(): [string, string][] {
    const breaks = this.layers!.frames[this.frame]?.breaks ?? [];
    const format = numberFormat(languageOf(this), decimalsOf(breaks));
    return breaks.slice(1).map((high, tone) => [String(tone), `${format.format(breaks[tone]!)}–${format.format(high)}`]);
  }

  private differences(): [string, string][] {
    const { step } = this.layers!;
    const names = ["below-3", "below-2", "below-1", "around", "above-1", "above-2", "above-3"];
    const format = numberFormat(languageOf(this), decimalsOf([step]));
    return names.map((name, place) => {
      const value = (place - 3) * step;
      return [name, `${value > 0 ? "+" : value < 0 ? "−" : ""}${format.format(Math.abs(value))}`];
    });
  }

  private doubts(): [string, string][] {
    return [0, 1, 2, 3].map((doubt) => [`doubt-${doubt}`, this.labels[`doubt_${doubt}`] ?? ""]);
  }

  private contoursOf(end: string): Promise<Answer | undefined> {
    const address = new URL(this.getAttribute("src") ?? "", location.href);
    address.searchParams.set("frames", "1");
    address.searchParams.set("shape", "contours");
    address.searchParams.set("time", new Date(Date.parse(end) - 1000).toISOString());
    const known = this.contours.get(address.href) ?? this.read(address.href);
    this.contours.set(address.href, known);
    return known;
  }

  /** A span in local words: "lundi 23 novembre, 14:00 – 15:00". */
  private when(begin: string, end: string): string {
    const format = new Intl.DateTimeFormat(languageOf(this), {
      weekday: "long",
      day: "numeric",
      month: "long",
      hour: "2-digit",
      minute: "2-digit",
      timeZone: this.getAttribute("zone") ?? "UTC",
    });
    return format.formatRange(new Date(begin), new Date(end));
  }

  private pick(feature: Feature | undefined, contour: Feature | undefined): void {
    const { layers, parts, labels } = this;
    if (!layers || !parts) return;
    this.picked = feature;
    const part = feature?.properties.part;
    if (feature && part === "station") this.say(this.stationWords(feature), {});
    else if (feature && part === "area") this.say(labels["area"] ?? "", { ...this.nearestWords(feature) });
    else if (feature && part === "cell" && layers.value(feature, this.frame) !== null) this.sayCell(feature);
    else if (contour) {
      const { low, high, standard_error: error } = contour.properties;
      this.say(labels["contour"] ?? "", { low: this.number(low!), high: this.figure(high!), error: this.figure(error!) });
    } else this.say(labels["nothing"] ?? "", {});
  }

  private sayCell(feature: Feature): void {
    const layers = this.layers!;
    const value = layers.value(feature, this.frame)!;
    const error = layers.error(feature, this.frame) ?? 0;
    const [low, high] = band(value, error, layers.about.interpolated);
    const away = feature.properties.distance_m ?? 0;
    this.say(this.labels["cell"] ?? "", {
      value: this.number(value),
      error: this.figure(error),
      low: this.number(low),
      high: this.figure(high),
      doubt: this.labels[`doubt_${layers.doubt(feature, this.frame)}`] ?? "",
      distance: away < 1000 ? `${this.whole(away)}\u00a0m` : `${numberFormat(languageOf(this), 1).format(away / 1000)}\u00a0km`,
      ...this.nearestWords(feature),
    });
  }

  private nearestWords(feature: Feature): Record<string, string> {
    const code = feature.properties.nearest ?? "";
    const station = this.layers!.station(code);
    const value = station ? this.layers!.value(station, this.frame) : null;
    return { station: code, own: value === null ? (this.labels["absent"] ?? "") : this.figure(value) };
  }

  private stationWords(feature: Feature): string {
    const value = this.layers!.value(feature, this.frame);
    return `${feature.properties.code}\u00a0: ${value === null ? this.labels["absent"] : this.figure(value)}`;
  }

  /** Write a sentence with its figures in bold; what it names that is a station leads to its page. */
  private say(sentence: string, words: Record<string, string>): void {
    const line = document.createDocumentFragment();
    for (const piece of sentence.split(/(\{\w+\})/)) {
      const name = piece.startsWith("{") ? piece.slice(1, -1) : "";
      const word = words[name];
      if (!name || word === undefined) line.append(piece);
      else if (name === "station") {
        const link = document.createElement("a");
        link.href = `${this.getAttribute("href") ?? ""}${encodeURIComponent(word)}`;
        link.textContent = word;
        line.append(link);
      } else if (name === "value") {
        const bold = document.createElement("b");
        bold.textContent = word;
        line.append(bold);
      } else line.append(word);
    }
    this.parts!.readout.replaceChildren(line);
  }

  private number(value: number): string {
    return numberFormat(languageOf(this), Number(this.getAttribute("decimals")) || 0).format(value);
  }

  private whole(value: number): string {
    return numberFormat(languageOf(this), 0).format(Math.round(value / 10) * 10);
  }

  private figure(value: number): string {
    return `${this.number(value)}\u00a0${this.getAttribute("unit") ?? ""}`;
  }
}

/** How many decimals these figures need. */
function decimalsOf(figures: number[]): number {
  return [0, 1, 2, 3].find((digits) => figures.every((each) => Math.abs(each - Number(each.toFixed(digits))) < 1e-9)) ?? 3;
}
