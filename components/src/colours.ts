/** The colours in force, for what is painted on a canvas and cannot read custom properties. */
export type Ink = (token: string, alpha?: number) => string;

/** Return a reader of colour tokens: `ink("--blue")` is `rgb(29,79,145)`, in the theme the element shows now. */
export function inkOf(element: HTMLElement): Ink {
  const probe = document.createElement("span");
  probe.hidden = true;
  probe.style.setProperty("forced-color-adjust", "none"); // lines that are all alike would tell nothing
  element.append(probe);
  const read = new Map<string, string>();
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;
  canvas.canvas.width = canvas.canvas.height = 1;
  const ink: Ink = (token, alpha = 1) => {
    let rgb = read.get(token);
    if (rgb === undefined) {
      probe.style.color = `var(${token}, var(--ink))`;
      canvas.fillStyle = getComputedStyle(probe).color;
      canvas.fillRect(0, 0, 1, 1);
      rgb = [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)].join(",");
      read.set(token, rgb);
    }
    return alpha === 1 ? `rgb(${rgb})` : `rgba(${rgb},${alpha})`;
  };
  queueMicrotask(() => setTimeout(() => probe.remove(), 0));
  return ink;
}
