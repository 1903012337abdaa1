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

/** The columns as uPlot takes them: times, then the values; with one series, its minimum and maximum follow. */
export function columnsOf(answer: Answer, banded: boolean): AlignedData {
  const [first] = answer.series;
  if (!first) return [[]];
  if (banded) return [first.time, first.value, first.max, first.min];
  return [first.time, ...answer.series.map((series) => series.value)];
}
