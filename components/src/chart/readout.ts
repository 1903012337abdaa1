import type uPlot from "uplot";
import type { Answer } from "./data";
import type { ChartOptions } from "./engine";
import type { Written } from "./written";

/** The sentence under a chart that says what stands at the cursor; it is read out when the cursor is moved by keys. */
export class Readout {
  readonly element = document.createElement("output");

  constructor(
    private readonly written: Written,
    private readonly options: ChartOptions,
    private readonly answer: Answer,
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
    this.element.replaceChildren(time, ...this.values(index));
  }

  private values(index: number): HTMLElement[] {
    const { names, labels } = this.options;
    const first = this.answer.series[0];
    const pairs: [string, string][] = this.banded
      ? [
          [names[0] ?? "", this.written.value(first?.value[index])],
          [labels["max"] ?? "", this.written.value(first?.max[index])],
          [labels["min"] ?? "", this.written.value(first?.min[index])],
        ]
      : this.answer.series.map((series, number) => [names[number] ?? "", this.written.value(series.value[index])]);
    return pairs.map(([name, value]) => {
      const pair = document.createElement("span");
      const figure = document.createElement("b");
      figure.textContent = value;
      pair.append(name, "\u00a0", figure);
      return pair;
    });
  }
}
