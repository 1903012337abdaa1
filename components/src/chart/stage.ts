import "uplot/dist/uPlot.min.css";
import uPlot from "uplot";
import { type Ink, inkOf } from "../colours";
import { axisTimes } from "./written";

/** Tokens in the order in which lines take them, as `chart.css` and `web/console/plot.py` give them. */
export const HUES = ["--blue", "--ochre-ink", "--teal", "--brick", "--lavender", "--sage-ink", "--level-6", "--ink-soft"];
const NARROW = 560; // below this width a chart is a little lower
const LEAST = 240;

/** How a chart stands: its words for those who hear the page, its height where there is room, and what draws it. */
export interface StageOptions {
  label: string;
  high: number;
  low: number;
  draw: (stage: HTMLElement, size: { width: number; height: number }, ink: Ink) => uPlot;
}

/**
 * What every live chart of ours shares: a stage in its host that is walked with keys (arrows, Home, End, Escape), a size
 * that follows the stage's, and colours that follow the theme.
 */
export class Stage {
  readonly element = document.createElement("div");
  plot: uPlot;
  private readonly resizing = new ResizeObserver(() => this.fit());
  private readonly dark = matchMedia("(prefers-color-scheme: dark)");

  constructor(
    host: HTMLElement,
    private readonly options: StageOptions,
  ) {
    this.element.className = "chart-stage";
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", options.label);
    this.element.addEventListener("keydown", this.walk);
    for (const moved of ["pointerdown", "pointermove"]) this.element.addEventListener(moved, this.touched as EventListener);
    host.append(this.element);
    this.plot = this.draw();
    this.resizing.observe(this.element);
    document.addEventListener("placette-theme", this.repaint);
    this.dark.addEventListener("change", this.repaint);
  }

  remove(): void {
    this.resizing.disconnect();
    document.removeEventListener("placette-theme", this.repaint);
    this.dark.removeEventListener("change", this.repaint);
    this.plot.destroy();
    this.element.remove();
  }

  private get size(): { width: number; height: number } {
    const width = Math.max(LEAST, this.element.clientWidth);
    return { width, height: width < NARROW ? this.options.low : this.options.high };
  }

  private draw(): uPlot {
    return this.options.draw(this.element, this.size, inkOf(this.element));
  }

  private fit(): void {
    if (Math.abs(this.plot.width - this.size.width) > 1) this.plot.setSize(this.size);
  }

  private readonly repaint = (): void => {
    this.plot.destroy();
    this.plot = this.draw();
  };

  /** A finger that slides along the chart reads it as a mouse does; up and down it moves the page. */
  private readonly touched = (event: PointerEvent): void => {
    if (event.pointerType !== "touch") return;
    const { left, top } = this.plot.over.getBoundingClientRect();
    this.plot.setCursor({ left: event.clientX - left, top: event.clientY - top });
  };

  private readonly walk = (event: KeyboardEvent): void => {
    const { plot } = this;
    const times = plot.data[0];
    const last = times.length - 1;
    const now = plot.cursor.idx ?? last + 1;
    const aims: Record<string, number> = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: last };
    if (event.key === "Escape") {
      plot.setCursor({ left: -10, top: -10 });
      if (last > 0) plot.setScale("x", { min: times[0]!, max: times[last]! });
      return;
    }
    const aim = aims[event.key];
    if (aim === undefined || last < 0) return;
    event.preventDefault();
    const index = Math.min(last, Math.max(0, aim));
    plot.setCursor({ left: plot.valToPos(times[index]!, "x"), top: plot.height / 3 });
  };
}

/** What is alike in all charts: no legend of uPlot's own, and times of the city's zone under a quiet grid. */
export function framed(stage: HTMLElement, ink: Ink, written: { language: string; zone: string }): {
  axis: uPlot.Axis;
  times: uPlot.Axis;
  tzDate: (seconds: number) => Date;
} {
  const grid = { stroke: ink("--line", 0.7), width: 1 };
  const axis: uPlot.Axis = { stroke: ink("--ink-soft"), font: fontOf(stage), ticks: { show: false }, grid };
  return {
    axis,
    times: { ...axis, space: 66, size: 34, values: (_, splits, __, ___, step) => axisTimes(splits, step, written) },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), written.zone),
  };
}

/** The letters of a chart: those of the page, small. */
export function fontOf(stage: HTMLElement, pixels = 12): string {
  return `${pixels}px ${getComputedStyle(stage).fontFamily}`;
}
