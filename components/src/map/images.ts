import icons from "../../icons.json";
import type { Ink } from "../colours";

const SIZE = 44; // pixels, twice what is shown

/** Kinds of devices that have a picture of their own; any other gets the one called `other`. */
export const KINDS = [
  "counter",
  "air",
  "temperature",
  "noise",
  "light",
  "bin",
  "soil",
  "valve",
  "parking",
  "wifi",
  "kiosk",
  "totem",
];

/** Return the picture of a kind of device: a disc in the kind's colour, ringed, with its icon. */
function pictureOf(kind: string, ink: Ink): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE;
  const context = canvas.getContext("2d")!;
  const middle = SIZE / 2;
  context.beginPath();
  context.arc(middle, middle, middle - 2, 0, 2 * Math.PI);
  context.fillStyle = ink("--plaster");
  context.fill();
  context.lineWidth = 3;
  context.strokeStyle = ink(`--kind-${kind}`);
  context.stroke();
  const scale = (SIZE * 0.54) / 24;
  context.translate(middle - 12 * scale, middle - 12 * scale);
  context.scale(scale, scale);
  context.lineWidth = 2;
  context.lineCap = context.lineJoin = "round";
  const drawn = icons as Record<string, string[]>;
  for (const path of drawn[kind] ?? drawn["other"]!) context.stroke(new Path2D(path));
  return context.getImageData(0, 0, SIZE, SIZE);
}

/** Return the pictures of all kinds, by the names that the style asks for. */
export function picturesOf(ink: Ink): Record<string, ImageData> {
  return Object.fromEntries([...KINDS, "other"].map((kind) => [`kind-${kind}`, pictureOf(kind, ink)]));
}
