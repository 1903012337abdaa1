import "uplot/dist/uPlot.min.css";
import uPlot from "uplot";
import { axisTimes } from "../chart/written";
import { type Ink, inkOf } from "../colours";

type Column = (number | null | undefined)[];

/** One line of a view; `values` stand over the view's `x`, or over `own` times. */
export interface Line {
  name: string;
  unit: string;
  decimals: number;
  axis: number;
  style: number;
  group: number;
  faint: boolean;
  values: Column;
  own?: number[];
}

export interface Band {
  low: Column;
  high: Column;
  axis: number;
  style: number;
  strength: number;
}

/** What `/console/plot.json` answers. */
export interface Plot {
  x: number[];
  elapsed: boolean;
  origin: number;
  now: number | null;
  step: string;
  axes: string[];
  lines: Line[];
  bands: Band[];
  marks: { start: number; end: number; text: string; tone: string }[];
}

export interface PlotOptions {
  zone: string;
  language: string;
  labels: Record<string, string>;
  legend: HTMLElement | null;
  at: HTMLElement | null;
  onSpan: (start: number, end: number) => void;
  onBack: () => void;
}

const HUES = ["--blue", "--ochre-ink", "--teal", "--brick", "--lavender", "--sage-ink", "--level-6", "--ink-soft"];
const DASHES = [[], [7, 4], [2, 3]];
const HEIGHT = 400;
const NARROW = 560; // below this width a chart is a little lower
const FEW = 60; // points that are marked one by one
const LEAST_S = 600; // nothing is magnified further

/** The live chart of the console: uPlot, the values at the cursor in the legend, keys, and magnifying by a drag. */
export class PlotEngine {
  private plot: uPlot;
  private readonly data: uPlot.AlignedData;
  private readonly stage = document.createElement("div");
  private readonly resizing: ResizeObserver;
  private readonly hidden = new Set<number>();
  private readonly zone: string;
  private readonly moment: Intl.DateTimeFormat;
  private readonly figures = new Map<number, Intl.NumberFormat>();

  constructor(
    private readonly host: HTMLElement,
    private readonly view: Plot,
    private readonly options: PlotOptions,
  ) {
    this.zone = view.elapsed ? "UTC" : options.zone; // elapsed times are the local clock itself
    this.data = aligned(view);
    const fine = view.step === "raw" || view.step === "hour";
    this.moment = new Intl.DateTimeFormat(options.language, {
      weekday: "short",
      day: "numeric",
      month: "short",
      ...(fine ? { hour: "2-digit", minute: "2-digit" } : { year: "numeric" }),
      timeZone: this.zone,
    });
    this.stage.className = "chart-stage";
    this.stage.tabIndex = 0;
    this.stage.setAttribute("role", "group");
    this.stage.setAttribute("aria-label", options.labels["keys"] ?? "");
    this.stage.addEventListener("keydown", this.walk);
    this.stage.addEventListener("dblclick", options.onBack);
    host.replaceChildren(this.stage);
    options.legend?.addEventListener("click", this.toggle);
    this.plot = this.draw();
    this.resizing = new ResizeObserver(() => this.fit());
    this.resizing.observe(this.stage);
    document.addEventListener("placette-theme", this.repaint);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.repaint);
  }

  remove(): void {
    this.resizing.disconnect();
    this.options.legend?.removeEventListener("click", this.toggle);
    document.removeEventListener("placette-theme", this.repaint);
    matchMedia("(prefers-color-scheme: dark)").removeEventListener("change", this.repaint);
    this.plot.destroy();
    this.stage.remove();
  }

  private get size(): { width: number; height: number } {
    const width = Math.max(240, this.stage.clientWidth);
    return { width, height: width < NARROW ? HEIGHT - 110 : HEIGHT };
  }

  private fit(): void {
    if (Math.abs(this.plot.width - this.size.width) > 1) this.plot.setSize(this.size);
  }

  private readonly repaint = (): void => {
    this.plot.destroy();
    this.plot = this.draw();
  };

  private draw(): uPlot {
    const { view, options } = this;
    const ink = inkOf(this.host);
    const font = `12px ${getComputedStyle(this.host).fontFamily}`;
    const axis: uPlot.Axis = { stroke: ink("--ink-soft"), font, ticks: { show: false } };
    const grid = { stroke: ink("--line", 0.7), width: 1 };
    const times = { language: options.language, zone: this.zone, bars: false, unit: "", decimals: 0, names: [], labels: {} };
    const scales: uPlot.Scales = { x: {} };
    const short = shortened(options.language);
    const axes: uPlot.Axis[] = [
      { ...axis, grid, space: 68, size: 34, values: (_, splits, __, ___, step) => axisTimes(splits, step, times) },
    ];
    view.axes.forEach((words, place) => {
      scales[`y${place}`] = { range: (_, low, high) => rangeOf(low, high) };
      axes.push({
        ...axis,
        scale: `y${place}`,
        side: place ? 1 : 3,
        grid: { ...grid, show: place === 0 },
        size: (_, values) => 18 + 7.4 * Math.max(3, ...(values ?? []).map((value) => value.length)),
        values: (_, splits) => splits.map(short),
        ...(words ? { label: words, labelSize: 20, labelGap: 2, labelFont: `700 ${font}` } : {}),
      });
    });
    return new uPlot(
      {
        ...this.size,
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), this.zone),
        legend: { show: false },
        cursor: { y: false, points: { size: 8 }, drag: { x: true, y: false, setScale: false } },
        scales,
        axes,
        series: [{}, ...this.series(ink)],
        bands: view.bands.map((band, place) => ({
          series: [1 + view.lines.length + 2 * place, 2 + view.lines.length + 2 * place],
          fill: ink(HUES[band.style % HUES.length]!, band.strength),
        })),
        hooks: {
          setCursor: [(plot) => this.read(plot)],
          setSelect: [(plot) => this.span(plot)],
          drawClear: [(plot) => this.mark(plot, ink)],
        },
      },
      this.data,
      this.stage,
    );
  }

  private series(ink: Ink): uPlot.Series[] {
    const { view } = this;
    const few = this.data[0].length <= FEW;
    const width = view.lines.length > 8 ? 1.25 : 1.75;
    const lines = view.lines.map((line, place) => ({
      scale: `y${line.axis}`,
      show: !this.hidden.has(place),
      stroke: ink(HUES[line.style % HUES.length]!, line.faint ? 0.6 : 1),
      width,
      dash: line.faint ? [2, 3] : DASHES[Math.floor(line.style / HUES.length) % DASHES.length]!,
      spanGaps: false,
      points: { show: few, size: 5 },
    }));
    const edges = view.bands.flatMap((band) => {
      const edge = { scale: `y${band.axis}`, stroke: "transparent", width: 0, points: { show: false } };
      return [edge, edge];
    });
    return [...lines, ...edges];
  }

  /** Anomalies stand behind the lines; a dashed line says where the future begins. */
  private mark(plot: uPlot, ink: Ink): void {
    const { ctx } = plot;
    const { top, height, left, width } = plot.bbox;
    for (const mark of this.view.marks) {
      const start = Math.max(left, plot.valToPos(mark.start, "x", true));
      const end = Math.min(left + width, Math.max(start + 3, plot.valToPos(mark.end, "x", true)));
      ctx.fillStyle = ink(`--${mark.tone}`, 0.22);
      if (end > start) ctx.fillRect(start, top, end - start, height);
    }
    if (this.view.now === null) return;
    const x = plot.valToPos(this.view.now, "x", true);
    ctx.save();
    ctx.strokeStyle = ink("--ink-soft");
    ctx.setLineDash([5, 4]);
    ctx.beginPath();
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + height);
    ctx.stroke();
    ctx.restore();
  }

  /** Tell the values at the cursor, in the legend and in the sentence below it. */
  private read(plot: uPlot): void {
    const index = plot.cursor.idx;
    const { legend, at, labels } = this.options;
    const cells = legend?.querySelectorAll<HTMLElement>("[data-value]") ?? [];
    const seconds = index === null || index === undefined ? undefined : this.data[0][index];
    if (seconds === undefined) {
      cells.forEach((cell) => (cell.textContent = ""));
      if (at) at.textContent = labels["hint"] ?? "";
      return;
    }
    this.view.lines.forEach((line, place) => {
      const cell = cells[place];
      if (cell) cell.textContent = this.written(this.data[place + 1]![index!], line);
    });
    if (!at) return;
    const time = document.createElement("strong");
    time.textContent = this.moment.format(seconds * 1000);
    const marks = this.view.marks.filter((mark) => mark.start <= seconds && seconds <= mark.end);
    at.replaceChildren(time, ...marks.map((mark) => Object.assign(document.createElement("span"), { textContent: mark.text })));
  }

  private written(value: number | null | undefined, line: Line): string {
    if (value === null || value === undefined) return this.options.labels["absent"] ?? "";
    let figure = this.figures.get(line.decimals);
    if (!figure) {
      const digits = { minimumFractionDigits: line.decimals, maximumFractionDigits: line.decimals };
      this.figures.set(line.decimals, (figure = new Intl.NumberFormat(this.options.language, digits)));
    }
    return line.unit ? `${figure.format(value)}\u00a0${line.unit}` : figure.format(value);
  }

  private span(plot: uPlot): void {
    if (plot.select.width < 8 || this.view.elapsed) return;
    const [start, end] = [plot.posToVal(plot.select.left, "x"), plot.posToVal(plot.select.left + plot.select.width, "x")];
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (end - start >= LEAST_S) this.options.onSpan(start, end);
  }

  private readonly toggle = (event: Event): void => {
    const button = (event.target as Element).closest<HTMLElement>("[data-line]");
    if (!button) return;
    const place = Number(button.dataset["line"]);
    const shown = this.hidden.has(place);
    if (shown) this.hidden.delete(place);
    else this.hidden.add(place);
    button.setAttribute("aria-pressed", String(shown));
    this.plot.setSeries(place + 1, { show: shown });
    this.view.bands.forEach((band, number) => {
      if (band.style !== this.view.lines[place]?.style) return;
      for (const side of [0, 1]) this.plot.setSeries(1 + this.view.lines.length + 2 * number + side, { show: shown });
    });
  };

  private readonly walk = (event: KeyboardEvent): void => {
    const last = this.data[0].length - 1;
    const now = this.plot.cursor.idx ?? last + 1;
    const aims: Record<string, number> = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: last };
    if (event.key === "Escape") {
      this.plot.setCursor({ left: -10, top: -10 });
      return;
    }
    const aim = aims[event.key];
    if (aim === undefined || last < 0) return;
    event.preventDefault();
    const index = Math.min(last, Math.max(0, aim));
    this.plot.setCursor({ left: this.plot.valToPos(this.data[0][index]!, "x"), top: this.plot.height / 3 });
  };
}

/** The columns as uPlot takes them; lines with times of their own are laid over the union of all times. */
function aligned(view: Plot): uPlot.AlignedData {
  const x = view.elapsed ? view.x.map((seconds) => seconds + view.origin) : view.x;
  if (!view.lines.some((line) => line.own)) {
    const edges = view.bands.flatMap((band) => [band.high, band.low]);
    return [x, ...view.lines.map((line) => line.values), ...edges] as uPlot.AlignedData;
  }
  return uPlot.join(view.lines.map((line) => [line.own ?? x, line.values] as uPlot.AlignedData));
}

function rangeOf(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const room = Math.max((high - low) * 0.06, Math.abs(high) * 1e-6, 1e-6);
  const floor = low >= 0 && low - room < 0 ? 0 : low - room;
  return [floor, high + room];
}

function shortened(language: string): (value: number) => string {
  const plain = new Intl.NumberFormat(language, { maximumFractionDigits: 3 });
  const compact = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
  return (value) => (Math.abs(value) < 10_000 ? plain.format(value) : compact.format(value));
}
