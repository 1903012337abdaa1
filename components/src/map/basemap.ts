import type { ExpressionSpecification, LayerSpecification } from "maplibre-gl";
import type { Ink } from "../colours";

const FONT = ["Bricolage Grotesque Variable"];
const source = "basemap";
const kind = (...kinds: string[]): ExpressionSpecification => ["in", ["get", "kind"], ["literal", kinds]];
const grows = (from: number, to: number): ExpressionSpecification =>
  ["interpolate", ["exponential", 1.6], ["zoom"], 10, from, 18, to] as ExpressionSpecification;

/** Return the layers of our own tiles (docs/basemap.md lists what they carry), drawn in the page's colours. */
export function basemapLayers(ink: Ink, language: string): LayerSpecification[] {
  const name: ExpressionSpecification = ["coalesce", ["get", `name_${language.slice(0, 2)}`], ["get", "name"]];
  return [...grounds(ink), ...ways(ink), ...labels(ink, name)];
}

function grounds(ink: Ink): LayerSpecification[] {
  const polygons: ExpressionSpecification = ["==", ["geometry-type"], "Polygon"];
  return [
    {
      id: "green",
      type: "fill",
      source,
      "source-layer": "green",
      paint: { "fill-color": ink("--map-green"), "fill-opacity": ["case", kind("farmland", "beach"), 0.35, 1] },
    },
    {
      id: "water",
      type: "fill",
      source,
      "source-layer": "water",
      filter: polygons,
      paint: { "fill-color": ink("--map-water") },
    },
    {
      id: "water-lines",
      type: "line",
      source,
      "source-layer": "water",
      filter: ["!", polygons],
      paint: { "line-color": ink("--map-water"), "line-width": grows(0.6, 7) },
    },
    {
      id: "building",
      type: "fill",
      source,
      "source-layer": "building",
      paint: { "fill-color": ink("--map-building"), "fill-opacity": ["interpolate", ["linear"], ["zoom"], 13, 0, 15, 1] },
    },
  ];
}

function ways(ink: Ink): LayerSpecification[] {
  const line = (id: string, classes: string[], width: ExpressionSpecification, colour: string): LayerSpecification => ({
    id,
    type: "line",
    source,
    "source-layer": "road",
    filter: ["in", ["get", "class"], ["literal", classes]],
    layout: { "line-cap": "round", "line-join": "round" },
    paint: { "line-color": ink(colour), "line-width": width },
  });
  return [
    {
      id: "squares",
      type: "fill",
      source,
      "source-layer": "road",
      filter: ["==", ["geometry-type"], "Polygon"],
      paint: { "fill-color": ink("--stone") },
    },
    line("paths", ["path"], grows(0.3, 2), "--map-way"),
    line("minor", ["minor", "pedestrian"], grows(0.5, 12), "--map-road"),
    line("secondary", ["secondary"], grows(0.8, 18), "--map-road"),
    line("primary", ["primary", "motorway"], grows(1.2, 24), "--map-road-main"),
    {
      id: "rail",
      type: "line",
      source,
      "source-layer": "rail",
      paint: { "line-color": ink("--map-way"), "line-width": grows(0.6, 2.5), "line-dasharray": [4, 2] },
    },
    {
      id: "boundary",
      type: "line",
      source,
      "source-layer": "boundary",
      paint: { "line-color": ink("--edge"), "line-width": 1, "line-dasharray": [3, 3] },
    },
  ];
}

function labels(ink: Ink, name: ExpressionSpecification): LayerSpecification[] {
  const paint = { "text-color": ink("--ink-soft"), "text-halo-color": ink("--map-ground", 0.9), "text-halo-width": 1.5 };
  return [
    {
      id: "road-names",
      type: "symbol",
      source,
      "source-layer": "road",
      minzoom: 15,
      layout: { "symbol-placement": "line", "text-field": name, "text-font": FONT, "text-size": 12 },
      paint,
    },
    {
      id: "town-names",
      type: "symbol",
      source,
      "source-layer": "place",
      layout: { "text-field": name, "text-font": FONT, "text-size": 13, "symbol-sort-key": ["get", "rank"] },
      paint,
    },
  ];
}
