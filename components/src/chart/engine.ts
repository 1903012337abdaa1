import uPlot from "uplot";
import type { Ink } from "../colours";
import { type Answer, columnsOf } from "./data";
import { Readout } from "./readout";
import { framed, HUES, Stage } from "./stage";
import { Written } from "./written";

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
const LOW = 260; // where the chart is narrow
const DASHES = [[], [7, 4], [2, 4], [10, 4, 2, 4], [4, 2], [1, 3]];

/** The live chart inside a `<placette-chart>`: uPlot, its readout and its keys. */
export class ChartEngine {
  private readonly stage: Stage;
  private readonly readout: Readout;
  private readonly banded: boolean;
  private readonly written: Written;

  constructor(
    host: HTMLElement,
    private readonly answer: Answer,
    private readonly options: ChartOptions,
  ) {
    this.banded = !options.bars && answer.series.length === 1;
    this.written = new Written(options, answer.interval);
    this.readout = new Readout(this.written, options, answer, this.banded);
    const label = options.labels["keys"] ?? "";
    this.stage = new Stage(host, { label, high: HEIGHT, low: LOW, draw: (stage, size, ink) => this.draw(stage, size, ink) });
    host.append(this.readout.element);
  }

  remove(): void {
    this.stage.remove();
    this.readout.element.remove();
  }

  private draw(stage: HTMLElement, size: { width: number; height: number }, ink: Ink): uPlot {
    const { axis, times, tzDate } = framed(stage, ink, this.options);
    return new uPlot(
      {
        ...size,
        tzDate,
        legend: { show: false },
        cursor: { y: false, points: { size: 9 }, drag: { x: true, y: false } },
        scales: { x: { range: (_, start, end) => this.span(start, end) }, y: { range: (_, low, high) => rangeOf(low, high, this.options.bars) } },
        axes: [times, { ...axis, size: 52, values: (_, splits) => splits.map(this.written.short) }],
        series: [{}, ...this.series(ink)],
        bands: this.banded ? [{ series: [2, 3], fill: ink("--blue", 0.17) }] : [],
        hooks: { setCursor: [(plot) => this.readout.show(plot)] },
      },
      columnsOf(this.answer, this.banded, this.options.bars),
      stage,
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
}

/** Bars stand on zero; a line gets the room it needs, at least one unit of it. */
function rangeOf(low: number | null, high: number | null, bars: boolean): [number, number] {
  if (low === null || high === null) return [0, 1];
  if (bars) return [0, high > 0 ? high * 1.06 : 1];
  const room = Math.max((high - low) * 0.12, 0.5);
  const floor = low >= 0 && low - room < 0 ? 0 : low - room;
  return [floor, high + room];
}
