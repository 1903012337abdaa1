import type uPlot from "uplot";
import type { ChartOptions } from "./engine";
import type { Written } from "./written";

/** The sentence under a chart that says what stands at the cursor; it is read out when the cursor is moved by keys. */
export class Readout {
  readonly element = document.createElement("output");

  constructor(
    private readonly written: Written,
    private readonly options: ChartOptions,
    private readonly banded: boolean,
  ) {
    this.element.className = "chart-readout";
    this.element.textContent = options.labels["hint"] ?? "";
  }

  show(plot: uPlot): void {
    const index = plot.cursor.idx;
    const seconds = index === null || index === undefined ? undefined : plot.data[0][index];
    if (index === null || index === undefined || seconds === undefined) {
      this.element.textContent = this.options.labels["hint"] ?? "";
      return;
    }
    const time = document.createElement("strong");
    time.textContent = this.written.at(seconds);
    this.element.replaceChildren(time, ...this.values(plot, index));
  }

  private values(plot: uPlot, index: number): HTMLElement[] {
    const at = (series: number): string => this.written.value(plot.data[series]?.[index]);
    const { names, labels } = this.options;
    const pairs: [string, string][] = this.banded
      ? [
          [names[0] ?? "", at(1)],
          [labels["max"] ?? "", at(2)],
          [labels["min"] ?? "", at(3)],
        ]
      : plot.data.slice(1).map((_, series) => [names[series] ?? "", at(series + 1)]);
    return pairs.map(([name, value]) => {
      const pair = document.createElement("span");
      const figure = document.createElement("b");
      figure.textContent = value;
      pair.append(name, "\u00a0", figure);
      return pair;
    });
  }
}
