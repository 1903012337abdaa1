import "uplot/dist/uPlot.min.css";
import uPlot from "uplot";
import { type Ink, inkOf } from "../colours";
import { type Answer, columnsOf } from "./data";
import { Readout } from "./readout";
import { axisTimes, Written } from "./written";

export interface ChartOptions {
  bars: boolean;
  unit: string;
  decimals: number;
  zone: string;
  language: string;
  names: string[];
  labels: Record<string, string>;
}

const HEIGHT = 320;
const NARROW = 560; // below this width a chart is a little lower and its axis closer
const HUES = ["--blue", "--ochre-ink", "--teal", "--lavender", "--brick", "--sage-ink"];
const DASHES = [[], [7, 4], [2, 4], [10, 4, 2, 4], [4, 2], [1, 3]];

/** The live chart inside a `<placette-chart>`: uPlot, its readout and its keys. */
export class ChartEngine {
  private plot: uPlot;
  private readonly stage = document.createElement("div");
  private readonly readout: Readout;
  private readonly resizing: ResizeObserver;
  private readonly banded: boolean;
  private readonly written: Written;

  constructor(
    private readonly host: HTMLElement,
    private readonly answer: Answer,
    private readonly options: ChartOptions,
  ) {
    this.banded = !options.bars && answer.series.length === 1;
    this.written = new Written(options, answer.interval);
    this.stage.className = "chart-stage";
    this.stage.tabIndex = 0;
    this.stage.setAttribute("role", "group");
    this.stage.setAttribute("aria-label", options.labels["keys"] ?? "");
    this.stage.addEventListener("keydown", this.walk);
    this.readout = new Readout(this.written, options, answer, this.banded);
    host.append(this.stage, this.readout.element);
    this.plot = this.draw();
    this.resizing = new ResizeObserver(() => this.fit());
    this.resizing.observe(this.stage);
    document.addEventListener("placette-theme", this.repaint);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.repaint);
  }

  remove(): void {
    this.resizing.disconnect();
    document.removeEventListener("placette-theme", this.repaint);
    this.plot.destroy();
    this.stage.remove();
    this.readout.element.remove();
  }

  private get size(): { width: number; height: number } {
    const width = Math.max(240, this.stage.clientWidth);
    return { width, height: width < NARROW ? HEIGHT - 60 : HEIGHT };
  }

  private fit(): void {
    if (Math.abs(this.plot.width - this.size.width) > 1) this.plot.setSize(this.size);
  }

  private readonly repaint = (): void => {
    this.plot.destroy();
    this.plot = this.draw();
  };

  private draw(): uPlot {
    const ink = inkOf(this.host);
    const style = getComputedStyle(this.host);
    const font = `12px ${style.fontFamily}`;
    const axis = { stroke: ink("--ink-soft"), font, grid: { stroke: ink("--line", 0.7), width: 1 }, ticks: { show: false } };
    const values = (_: uPlot, splits: number[], __: number, ___: number, step: number): string[] =>
      axisTimes(splits, step, this.options);
    return new uPlot(
      {
        ...this.size,
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), this.options.zone),
        legend: { show: false },
        cursor: { y: false, points: { size: 9 }, drag: { x: true, y: false } },
        scales: { x: { range: (_, start, end) => this.span(start, end) }, y: { range: (_, low, high) => rangeOf(low, high, this.options.bars) } },
        axes: [
          { ...axis, values, space: 64, size: 34 },
          { ...axis, size: 52, values: (_, splits) => splits.map((value) => this.written.short(value)) },
        ],
        series: [{}, ...this.series(ink)],
        bands: this.banded ? [{ series: [2, 3], fill: ink("--blue", 0.17) }] : [],
        hooks: { setCursor: [(plot) => this.readout.show(plot)] },
      },
      columnsOf(this.answer, this.banded, this.options.bars),
      this.stage,
    );
  }

  /** Half a bar stands outside the first and the last time. */
  private span(start: number, end: number): [number, number] {
    const times = this.answer.series[0]?.time ?? [];
    const room = this.options.bars && times.length > 1 ? (times[1]! - times[0]!) / 2 : 0;
    const whole = start === times[0] && end === times[times.length - 1];
    return whole ? [start - room, end + room] : [start, end];
  }

  private series(ink: Ink): uPlot.Series[] {
    const points = { show: (plot: uPlot) => plot.data[0].length < 40, size: 5 };
    if (this.options.bars) {
      const bars = uPlot.paths.bars!({ size: [0.8, 60] });
      const fills = this.answer.series.map((_, index) => ink(HUES[index % HUES.length]!));
      return fills.reverse().map((fill) => ({ fill, stroke: fill, width: 0, paths: bars, points: { show: false } }));
    }
    const lines: uPlot.Series[] = this.answer.series.map((_, index) => ({
      stroke: ink(HUES[index % HUES.length]!),
      width: 2,
      dash: DASHES[index % DASHES.length]!,
      spanGaps: false,
      points,
    }));
    const edge: uPlot.Series = { stroke: ink("--blue", 0.35), width: 1, spanGaps: false, points: { show: false } };
    return this.banded ? [...lines, edge, edge] : lines;
  }

  private readonly walk = (event: KeyboardEvent): void => {
    const last = this.plot.data[0].length - 1;
    const now = this.plot.cursor.idx ?? last + 1;
    const aims: Record<string, number> = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: last };
    if (event.key === "Escape") {
      this.plot.setCursor({ left: -10, top: -10 });
      this.plot.setScale("x", { min: this.plot.data[0][0]!, max: this.plot.data[0][last]! });
      return;
    }
    const aim = aims[event.key];
    if (aim === undefined || last < 0) return;
    event.preventDefault();
    const index = Math.min(last, Math.max(0, aim));
    this.plot.setCursor({ left: this.plot.valToPos(this.plot.data[0][index]!, "x"), top: this.plot.height / 3 });
  };
}

/** Bars stand on zero; a line gets the room it needs, at least one unit of it. */
function rangeOf(low: number | null, high: number | null, bars: boolean): [number, number] {
  if (low === null || high === null) return [0, 1];
  if (bars) return [0, high > 0 ? high * 1.06 : 1];
  const room = Math.max((high - low) * 0.12, 0.5);
  const floor = low >= 0 && low - room < 0 ? 0 : low - room;
  return [floor, high + room];
}
