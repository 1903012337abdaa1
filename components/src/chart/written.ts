import type { ChartOptions } from "./engine";

const DAY_S = 86_400;
const MONTH_S = 28 * DAY_S;

/** Writes figures and times of a chart in the page's language and the city's zone. */
export class Written {
  readonly short: (value: number) => string;
  private readonly figure: Intl.NumberFormat;
  private readonly moment: Intl.DateTimeFormat;

  constructor(
    private readonly options: ChartOptions,
    interval: string,
  ) {
    const { language, decimals, zone } = options;
    this.figure = new Intl.NumberFormat(language, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    this.short = shortened(language);
    const day: Intl.DateTimeFormatOptions = { weekday: "short", day: "numeric", month: "short", timeZone: zone };
    const clock: Intl.DateTimeFormatOptions = interval === "hour" ? { hour: "2-digit", minute: "2-digit" } : { year: "numeric" };
    this.moment = new Intl.DateTimeFormat(language, { ...day, ...clock });
  }

  value(value: number | null | undefined): string {
    if (value === null || value === undefined) return this.options.labels["absent"] ?? "–";
    return this.options.unit ? `${this.figure.format(value)}\u00a0${this.options.unit}` : this.figure.format(value);
  }

  at(seconds: number): string {
    return this.moment.format(seconds * 1000);
  }
}

/** Return what writes the figures of a scale, short. */
export function shortened(language: string): (value: number) => string {
  const plain = new Intl.NumberFormat(language, { maximumFractionDigits: 3 });
  const compact = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
  return (value) => (Math.abs(value) < 10_000 ? plain.format(value) : compact.format(value));
}

/** The words under the time axis: hours with the day at midnight, days, or months, by the distance between them. */
export function axisTimes(splits: number[], step: number, { language, zone }: { language: string; zone: string }): string[] {
  const format = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
    new Intl.DateTimeFormat(language, { ...options, timeZone: zone });
  const clock = format({ hour: "2-digit", minute: "2-digit" });
  const day = format({ day: "numeric", month: "short" });
  const month = format({ month: "short", year: "2-digit" });
  const hour = format({ hour: "numeric", hourCycle: "h23" });
  return splits.map((seconds) => {
    const moment = seconds * 1000;
    if (step >= MONTH_S) return month.format(moment);
    if (step >= DAY_S) return day.format(moment);
    return Number.parseInt(hour.format(moment), 10) === 0 ? day.format(moment) : clock.format(moment);
  });
}
