import type { ExpressionSpecification, LayerSpecification, SourceSpecification, StyleSpecification } from "maplibre-gl";
import type { Ink } from "../colours";
import { basemapLayers } from "./basemap";
import { KINDS } from "./images";

const FONT = ["Bricolage Bold"];
const CLUSTER_RADIUS = 42;
const CLUSTER_MAX_ZOOM = 15;

const kindColour = (ink: Ink): ExpressionSpecification =>
  [
    "match",
    ["get", "kind"],
    ...KINDS.flatMap((kind) => [kind, ink(`--kind-${kind}`)]),
    ink("--kind-other"),
  ] as unknown as ExpressionSpecification;

/**
 * Return the whole style: the ground (schematic, or our own tiles), the places, the devices and, when there are too
 * many to be told apart, their clusters.
 */
export function styleOf(
  ink: Ink,
  language: string,
  places: string,
  basemap: string | undefined,
  cluster: boolean,
): StyleSpecification {
  const empty = { type: "FeatureCollection" as const, features: [] };
  const sources: Record<string, SourceSpecification> = {
    places: { type: "geojson", data: places },
    devices: {
      type: "geojson",
      data: empty,
      cluster,
      clusterRadius: CLUSTER_RADIUS,
      clusterMaxZoom: CLUSTER_MAX_ZOOM,
    },
  };
  if (basemap) sources["basemap"] = { type: "vector", url: `pmtiles://${new URL(basemap, location.href).href}` };
  const ground: LayerSpecification[] = [
    { id: "ground", type: "background", paint: { "background-color": ink(basemap ? "--map-ground" : "--sky-deep") } },
    ...(basemap ? basemapLayers(ink, language) : schematic(ink)),
  ];
  return { version: 8, sources, layers: [...ground, ...placeLayers(ink, language), ...deviceLayers(ink, language)] };
}

const is = (part: string): ExpressionSpecification => ["==", ["get", "part"], part];

function schematic(ink: Ink): LayerSpecification[] {
  return [
    { id: "outline", type: "fill", source: "places", filter: is("outline"), paint: { "fill-color": ink("--map-ground") } },
    {
      id: "outline-edge",
      type: "line",
      source: "places",
      filter: is("outline"),
      paint: { "line-color": ink("--stone-deep"), "line-width": 2 },
    },
  ];
}

function placeLayers(ink: Ink, language: string): LayerSpecification[] {
  const paint = { "text-color": ink("--ink-soft"), "text-halo-color": ink("--map-ground"), "text-halo-width": 3 };
  return [
    {
      id: "links",
      type: "line",
      source: "places",
      filter: is("link"),
      paint: { "line-color": ink("--edge"), "line-width": 1.5, "line-dasharray": [1, 3] },
    },
    {
      id: "link-lengths",
      type: "symbol",
      source: "places",
      filter: is("link"),
      layout: {
        "symbol-placement": "line-center",
        "text-rotation-alignment": "viewport",
        "text-field": [
          "case",
          [">=", ["get", "metres"], 1000],
          ["concat", ["number-format", ["/", ["get", "metres"], 1000], { locale: language, "max-fraction-digits": 1 }], "\u00a0km"],
          ["concat", ["to-string", ["*", 10, ["round", ["/", ["get", "metres"], 10]]]], "\u00a0m"],
        ],
        "text-font": FONT,
        "text-size": 12,
      },
      paint,
    },
    {
      id: "areas",
      type: "fill",
      source: "places",
      filter: is("area"),
      paint: { "fill-color": ink("--ochre"), "fill-opacity": 0.2 },
    },
    {
      id: "areas-edge",
      type: "line",
      source: "places",
      filter: is("area"),
      paint: { "line-color": ink("--ochre-ink"), "line-width": 1.5, "line-opacity": 0.8 },
    },
    {
      id: "place-names",
      type: "symbol",
      source: "places",
      filter: is("label"),
      layout: {
        "text-field": ["coalesce", ["get", `name_${language.slice(0, 2)}`], ["get", "name_fr"]],
        "text-font": FONT,
        "text-size": ["interpolate", ["linear"], ["zoom"], 11, 13, 15, 17],
        "text-anchor": ["match", ["get", "side"], "west", "right", "left"],
        "text-offset": ["match", ["get", "side"], "west", ["literal", [-0.7, 0]], ["literal", [0.7, 0]]],
        "text-max-width": 9,
        "text-padding": 6,
        "symbol-sort-key": 0,
      },
      paint: { "text-color": ink("--ink"), "text-halo-color": ink("--plaster", 0.9), "text-halo-width": 2 },
    },
  ];
}

function deviceLayers(ink: Ink, language: string): LayerSpecification[] {
  const many: ExpressionSpecification = ["has", "point_count"];
  return [
    {
      id: "clusters",
      type: "circle",
      source: "devices",
      filter: many,
      paint: {
        "circle-color": ink("--blue"),
        "circle-radius": ["step", ["get", "point_count"], 15, 20, 19, 200, 24, 2000, 30],
        "circle-stroke-width": 4,
        "circle-stroke-color": ink("--blue"),
        "circle-stroke-opacity": 0.22,
      },
    },
    {
      id: "cluster-counts",
      type: "symbol",
      source: "devices",
      filter: many,
      layout: {
        "text-field": ["number-format", ["get", "point_count"], { locale: language }],
        "text-font": FONT,
        "text-size": 14,
        "text-allow-overlap": true,
        "text-ignore-placement": true,
      },
      paint: { "text-color": ink("--on-blue") },
    },
    {
      id: "dots",
      type: "circle",
      source: "devices",
      filter: ["!", many],
      maxzoom: 14,
      paint: {
        "circle-color": kindColour(ink),
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 12, 3, 14, 5],
        "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], 12, 1, 14, 2],
        "circle-stroke-color": ink("--plaster"),
      },
    },
    {
      id: "icons",
      type: "symbol",
      source: "devices",
      filter: ["!", many],
      minzoom: 14,
      layout: {
        "icon-image": ["match", ["get", "kind"], KINDS, ["concat", "kind-", ["get", "kind"]], "kind-other"],
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
      },
    },
  ];
}
