import uPlot from "uplot";
import { fontOf, framed, HUES, Stage } from "../chart/stage";
import { shortened } from "../chart/written";
import type { Ink } from "../colours";

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
  marks: { start: number; end: number; text: string; tone: string; dashed: boolean }[];
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

const DASHES = [[], [7, 4], [2, 3]];
const HEIGHT = 400;
const LOW = 300; // where the chart is narrow
const HEAD = 24; // pixels above the chart, where the units stand
const FEW = 60; // points that are marked one by one
const MARK = 4; // pixels of the line over a stretch that is pointed out
const LEAST_S = 600; // nothing is magnified further

/** The live chart of the console: uPlot, the values at the cursor in the legend, keys, and magnifying by a drag. */
export class PlotEngine {
  private readonly stage: Stage;
  private readonly data: uPlot.AlignedData;
  private readonly hidden = new Set<number>();
  private readonly zone: string;
  private readonly moment: Intl.DateTimeFormat;
  private readonly figures = new Map<number, Intl.NumberFormat>();

  constructor(
    host: HTMLElement,
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
    host.replaceChildren();
    const label = options.labels["keys"] ?? "";
    this.stage = new Stage(host, { label, high: HEIGHT, low: LOW, draw: (stage, size, ink) => this.draw(stage, size, ink) });
    this.stage.element.addEventListener("dblclick", options.onBack);
    options.legend?.addEventListener("click", this.toggle);
  }

  remove(): void {
    this.options.legend?.removeEventListener("click", this.toggle);
    this.stage.remove();
  }

  private draw(stage: HTMLElement, size: { width: number; height: number }, ink: Ink): uPlot {
    const { view, options } = this;
    const { axis, times, tzDate } = framed(stage, ink, { language: options.language, zone: this.zone });
    const scales: uPlot.Scales = { x: {} };
    const short = shortened(options.language);
    const axes: uPlot.Axis[] = [times];
    view.axes.forEach((_words, place) => {
      scales[`y${place}`] = { range: (_, low, high) => rangeOf(low, high) };
      axes.push({
        ...axis,
        scale: `y${place}`,
        side: place ? 1 : 3,
        grid: { ...axis.grid, show: place === 0 },
        gap: 6,
        size: (_, values) => 10 + 7.4 * Math.max(3, ...(values ?? []).map((value) => value.length)),
        values: (_, splits) => splits.map(short),
      });
    });
    return new uPlot(
      {
        ...size,
        padding: [view.axes.some(Boolean) ? HEAD : 8, view.axes.length > 1 ? 0 : 12, 0, 0],
        tzDate,
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
          drawAxes: [(plot) => this.units(plot, fontOf(stage, 12 * uPlot.pxRatio), ink)],
        },
      },
      this.data,
      stage,
    );
  }

  /** The units stand above their scales, upright, as in the picture that is kept. */
  private units({ ctx, bbox, width }: uPlot, font: string, ink: Ink): void {
    ctx.save();
    ctx.font = `700 ${font}`;
    ctx.fillStyle = ink("--ink");
    ctx.textBaseline = "bottom";
    this.view.axes.forEach((words, place) => {
      ctx.textAlign = place ? "right" : "left";
      ctx.fillText(words, place ? width * uPlot.pxRatio - 2 : 2, bbox.top - 8 * uPlot.pxRatio);
    });
    ctx.restore();
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
      if (end <= start) continue;
      ctx.fillStyle = ink(`--${mark.tone}`, 0.22);
      ctx.fillRect(start, top, end - start, height);
      ctx.fillStyle = ink(`--${mark.tone}`);
      const stroke = MARK * uPlot.pxRatio;
      const part = mark.dashed ? stroke * 1.5 : end - start; // told apart without colour too
      for (let at = start; at < end; at += 2 * part) ctx.fillRect(at, top, Math.min(part, end - at), stroke);
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
    const { plot } = this.stage;
    plot.setSeries(place + 1, { show: shown });
    this.view.bands.forEach((band, number) => {
      if (band.style !== this.view.lines[place]?.style) return;
      for (const side of [0, 1]) plot.setSeries(1 + this.view.lines.length + 2 * number + side, { show: shown });
    });
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
