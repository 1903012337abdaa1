import type { AlignedData } from "uplot";

type Column = (number | null)[];

/** One datastream of `/api/series` in an interval: columns of equal length, null where nothing was observed. */
export interface Series {
  datastream: number;
  time: number[];
  value: Column;
  min: Column;
  max: Column;
}

export interface Answer {
  interval: "hour" | "day" | "week" | "month";
  series: Series[];
}

/** Each column plus those before it; where all are missing there is no bar. */
export function stacked(columns: Column[]): Column[] {
  const total: Column = columns[0]?.map(() => null) ?? [];
  return columns.map((column) => {
    column.forEach((value, index) => {
      if (value !== null) total[index] = (total[index] ?? 0) + value;
    });
    return [...total];
  });
}

/**
 * The columns as uPlot takes them: times, then the values; with one line its minimum and maximum follow,
 * bars are stacked.
 */
export function columnsOf(answer: Answer, banded: boolean, bars: boolean): AlignedData {
  const [first] = answer.series;
  if (!first) return [[]];
  if (banded) return [first.time, first.value, first.max, first.min];
  // The tallest bar is drawn first, so that the others stand before it.
  if (bars) return [first.time, ...stacked(answer.series.map((series) => series.value)).reverse()];
  return [first.time, ...answer.series.map((series) => series.value)];
}
