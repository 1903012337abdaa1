/** What a QR code says of a device: LoRa Alliance TR005, or our own label; the same as `placette.model.scans`. */

const TR005 = /^(?:URN:(?:DEV:)?)?LW:D[0P]:[0-9A-F]{16}:([0-9A-F]{16})(?::|$)/i;
const LABEL = /^https?:\/\/[^/]+(?:\/.*)?\/t\/([^/?#]+)$/;

/** The device's identifier in its network, or the code of one of our sites. */
export function scanned(content: string): { device: string; code: string } {
  const text = content.trim();
  const maker = TR005.exec(text)?.[1];
  if (maker) return { device: maker.toUpperCase(), code: "" };
  const label = LABEL.exec(text)?.[1];
  if (label) return { device: "", code: decodeURIComponent(label) };
  return { device: text, code: "" };
}
