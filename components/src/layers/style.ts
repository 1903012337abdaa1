import type { ExpressionSpecification, LayerSpecification, SourceSpecification, StyleSpecification } from "maplibre-gl";
import type { Ink } from "../colours";
import { basemapLayers } from "../map/basemap";

export type View = "value" | "error" | "difference";

const TONES: Record<View, string[]> = {
  value: [0, 1, 2, 3, 4, 5, 6].map((tone) => `--layer-${tone}`),
  error: [0, 1, 2, 3].map((doubt) => `--doubt-${doubt}`),
  difference: ["--below-3", "--below-2", "--below-1", "--around", "--above-1", "--above-2", "--above-3"],
};
const SURE = [0.94, 0.74, 0.5, 0.26]; // as --sure-0 to --sure-3, which MapLibre cannot read
const FONT = ["Bricolage Bold"];

const state = (name: string): ExpressionSpecification => ["number", ["feature-state", name], -1];

/** The colours of a view, by the class that each feature's state has. */
export function tones(ink: Ink, view: View): ExpressionSpecification {
  const colours = TONES[view].map((token) => ink(token));
  return [
    "step",
    state("tone"),
    "rgba(0,0,0,0)",
    ...colours.flatMap((colour, tone) => [tone - 0.5, colour]),
  ] as unknown as ExpressionSpecification;
}

/** How opaque a cell is: the less, the more doubtful; in the view of doubt itself, all alike. */
export function opacity(view: View): ExpressionSpecification | number {
  if (view === "error") return 0.92;
  return ["step", state("doubt"), 0, ...SURE.flatMap((alpha, doubt) => [doubt - 0.5, alpha])] as unknown as ExpressionSpecification;
}

/** Return the whole style: the ground, cells with their hatching, areas, contours, places' names, stations. */
export function styleOf(ink: Ink, language: string, places: string, basemap: string | undefined, view: View): StyleSpecification {
  const empty = { type: "FeatureCollection" as const, features: [] };
  const sources: Record<string, SourceSpecification> = {
    places: { type: "geojson", data: places },
    layers: { type: "geojson", data: empty, tolerance: 0.1 },
    contours: { type: "geojson", data: empty },
    stations: { type: "geojson", data: empty },
  };
  if (basemap) sources["basemap"] = { type: "vector", url: `pmtiles://${new URL(basemap, location.href).href}` };
  const ground: LayerSpecification[] = [
    { id: "ground", type: "background", paint: { "background-color": ink(basemap ? "--map-ground" : "--sky-deep") } },
    ...(basemap ? basemapLayers(ink, language) : schematic(ink)),
  ];
  return { version: 8, sources, layers: [...ground, ...layers(ink, view), ...stations(ink, view), ...names(ink, language)] };
}

function schematic(ink: Ink): LayerSpecification[] {
  return [
    {
      id: "outline",
      type: "fill",
      source: "places",
      filter: ["==", ["get", "part"], "outline"],
      paint: { "fill-color": ink("--map-ground") },
    },
  ];
}

function layers(ink: Ink, view: View): LayerSpecification[] {
  const is = (part: string): ExpressionSpecification => ["==", ["get", "part"], part];
  const hatched = (least: number): ExpressionSpecification => ["case", [">=", state("doubt"), least], 1, 0];
  return [
    {
      id: "cells",
      type: "fill",
      source: "layers",
      filter: is("cell"),
      paint: { "fill-color": tones(ink, view), "fill-opacity": opacity(view), "fill-antialias": false },
    },
    {
      id: "hatch",
      type: "fill",
      source: "layers",
      filter: is("cell"),
      paint: { "fill-pattern": "hatch", "fill-opacity": hatched(2), "fill-antialias": false },
    },
    {
      id: "hatch-more",
      type: "fill",
      source: "layers",
      filter: is("cell"),
      paint: { "fill-pattern": "hatch-more", "fill-opacity": hatched(3), "fill-antialias": false },
    },
    {
      id: "areas",
      type: "fill",
      source: "layers",
      filter: is("area"),
      paint: { "fill-color": tones(ink, view === "error" ? "value" : view), "fill-opacity": ["case", [">=", state("tone"), 0], 0.3, 0] },
    },
    {
      id: "areas-edge",
      type: "line",
      source: "layers",
      filter: is("area"),
      paint: {
        "line-color": ink("--ink-soft"),
        "line-width": 1.25,
        "line-dasharray": [4, 3],
        "line-opacity": ["case", [">=", state("tone"), 0], 1, 0],
      },
    },
    {
      id: "contours",
      type: "fill",
      source: "contours",
      filter: is("contour"),
      paint: {
        "fill-color": ["step", ["get", "tone"], ink("--layer-0"), ...[1, 2, 3, 4, 5, 6].flatMap((n) => [n - 0.5, ink(`--layer-${n}`)])] as unknown as ExpressionSpecification,
        "fill-opacity": 0.85,
      },
    },
    {
      id: "contours-edge",
      type: "line",
      source: "contours",
      filter: is("contour"),
      paint: { "line-color": ink("--ink-soft"), "line-width": 0.75, "line-opacity": 0.7 },
    },
    {
      id: "contours-doubt",
      type: "fill",
      source: "contours",
      filter: is("doubt"),
      paint: { "fill-pattern": "hatch-more" },
    },
    {
      id: "chosen",
      type: "line",
      source: "layers",
      filter: ["==", ["id"], -1],
      paint: { "line-color": ink("--ink"), "line-width": 2.5 },
    },
  ];
}

function names(ink: Ink, language: string): LayerSpecification[] {
  return [
    {
      id: "place-names",
      type: "symbol",
      source: "places",
      filter: ["==", ["get", "part"], "label"],
      layout: {
        "text-field": ["coalesce", ["get", `name_${language.slice(0, 2)}`], ["get", "name_fr"]],
        "text-font": FONT,
        "text-size": 14,
        "text-variable-anchor": ["bottom", "top", "left", "right", "bottom-left", "bottom-right", "top-left", "top-right"],
        "text-radial-offset": 0.9,
        "text-max-width": 20,
        "text-justify": "auto",
      },
      paint: { "text-color": ink("--ink"), "text-halo-color": ink("--plaster", 0.85), "text-halo-width": 2 },
    },
    {
      id: "room", // pictures of nothing that keep names off the stations: upper layers are placed first
      type: "symbol",
      source: "stations",
      layout: { "icon-image": "room", "icon-allow-overlap": true, "icon-padding": 0 },
      paint: {},
    },
  ];
}

function stations(ink: Ink, view: View): LayerSpecification[] {
  return [
    {
      id: "stations-halo",
      type: "circle",
      source: "stations",
      paint: {
        "circle-color": ink("--plaster"),
        "circle-radius": 10,
        "circle-opacity": ["case", [">=", state("tone"), 0], 0.85, 0.3],
      },
    },
    {
      id: "stations",
      type: "circle",
      source: "stations",
      paint: {
        "circle-color": tones(ink, view === "error" ? "value" : view),
        "circle-radius": 6.5,
        "circle-stroke-color": ink("--ink"),
        "circle-stroke-width": 1.75,
        "circle-stroke-opacity": ["case", [">=", state("tone"), 0], 1, 0.35],
      },
    },
  ];
}
