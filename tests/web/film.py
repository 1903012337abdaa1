"""What a phone's camera sees, for Chromium's fake camera: labels drawn into the frames of a YUV4MPEG2 file."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import segno
from playwright.sync_api import Page

WIDTH, HEIGHT, FRAMES = 640, 480, 8
# A wall in uneven light, a hand that comes nearer and shakes, a lens out of focus, and the noise of a small sensor.
_DRAW = """async ([svg, width, height, frames, size]) => {
  const label = new Image();
  label.src = 'data:image/svg+xml;base64,' + svg;
  await label.decode();
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const out = new Uint8Array(width * height * frames);
  let seed = 7;
  const noise = () => (seed = (seed * 16807) % 2147483647) / 2147483647 - 0.5;
  for (let frame = 0; frame < frames; frame++) {
    const light = context.createLinearGradient(0, 0, width, height);
    light.addColorStop(0, '#b9ab93');
    light.addColorStop(1, '#6f675a');
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.filter = 'none';
    context.fillStyle = light;
    context.fillRect(0, 0, width, height);
    if (frame > 1) {
      context.filter = 'blur(0.8px) brightness(0.85)';
      context.translate(width / 2 + 12 * noise(), height / 2 + 12 * noise());
      context.rotate(0.21 + 0.04 * noise());
      const wide = size * (0.9 + 0.1 * frame / frames);
      const high = wide * label.naturalHeight / label.naturalWidth;
      context.transform(1, 0.05, -0.03, 1, 0, 0);
      context.drawImage(label, -wide / 2, -high / 2, wide, high);
    }
    const seen = context.getImageData(0, 0, width, height).data;
    for (let at = 0; at < width * height; at++) {
      const grey = 0.3 * seen[4 * at] + 0.59 * seen[4 * at + 1] + 0.11 * seen[4 * at + 2] + 24 * noise();
      out[frame * width * height + at] = Math.max(16, Math.min(235, grey));
    }
  }
  let text = '';
  for (let at = 0; at < out.length; at += 32768) text += String.fromCharCode(...out.subarray(at, at + 32768));
  return btoa(text);
}"""


def shoot(page: Page, svg: str, path: Path, wide: int = 560) -> None:
    """Write a film of 640 × 480 grey pixels in which somebody holds a drawing, ``wide`` pixels wide, to the camera."""
    drawn = page.evaluate(_DRAW, [base64.b64encode(svg.encode()).decode(), WIDTH, HEIGHT, FRAMES, wide])
    luma = base64.b64decode(drawn)
    size, grey = WIDTH * HEIGHT, bytes([128]) * (WIDTH * HEIGHT // 2)
    frames = (b"FRAME\n" + luma[at : at + size] + grey for at in range(0, len(luma), size))
    path.write_bytes(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420\n".encode() + b"".join(frames))


def makers_label(content: str) -> str:
    """Return the QR code that a maker prints on a device, as SVG."""
    out = io.BytesIO()
    segno.make(content, error="m", micro=False).save(out, kind="svg", scale=4, border=4, light="#fff", xmldecl=False)
    return out.getvalue().decode()
