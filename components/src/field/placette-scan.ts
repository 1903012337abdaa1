import { scanned } from "./scanned";

interface Detector {
  detect(source: CanvasImageSource): Promise<{ rawValue: string }[]>;
}
declare const BarcodeDetector: { new (options: { formats: string[] }): Detector } | undefined;

/**
 * `<placette-scan for="device" code="code" labels="{…}">`: reads the QR code of a device with the camera, where the
 * browser can (BarcodeDetector); elsewhere it shows nothing and the field below is typed or pasted into.
 *
 * - `for`: id of the field of the device's identifier; `code`: id of the field of the site's code, for our own labels
 * - `labels` (JSON): `scan`, `stop`, `denied`, `found`, `label`
 */
export class PlacetteScan extends HTMLElement {
  private stream: MediaStream | undefined;
  private readonly found = document.createElement("p");
  private readonly button = document.createElement("button");
  private readonly video = document.createElement("video");

  connectedCallback(): void {
    this.target?.addEventListener("change", this.typed);
    this.found.className = "found";
    this.found.setAttribute("role", "status");
    this.replaceChildren(this.found);
    if (typeof BarcodeDetector === "undefined" || !navigator.mediaDevices) return;
    this.button.type = "button";
    this.button.className = "button button-tall";
    this.button.textContent = this.labels["scan"] ?? "";
    this.button.addEventListener("click", () => void (this.stream ? this.stop() : this.scan()));
    this.video.className = "scan-view";
    this.video.muted = true;
    this.video.playsInline = true;
    this.video.hidden = true;
    this.replaceChildren(this.button, this.video, this.found);
  }

  disconnectedCallback(): void {
    this.stop();
    this.target?.removeEventListener("change", this.typed);
  }

  private get labels(): Record<string, string> {
    return JSON.parse(this.getAttribute("labels") ?? "{}") as Record<string, string>;
  }

  private get target(): HTMLInputElement | null {
    return document.getElementById(this.getAttribute("for") ?? "") as HTMLInputElement | null;
  }

  private async scan(): Promise<void> {
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      this.found.textContent = this.labels["denied"] ?? "";
      return;
    }
    this.button.textContent = this.labels["stop"] ?? "";
    this.video.hidden = false;
    this.video.srcObject = this.stream;
    await this.video.play();
    const detector = new BarcodeDetector!({ formats: ["qr_code", "data_matrix"] });
    while (this.stream) {
      const codes = await detector.detect(this.video).catch(() => []);
      if (codes[0]) {
        this.take(codes[0].rawValue);
        navigator.vibrate?.(80);
        this.stop();
      }
      await new Promise((next) => setTimeout(next, 150));
    }
  }

  private stop(): void {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = undefined;
    this.video.hidden = true;
    this.button.textContent = this.labels["scan"] ?? "";
  }

  private readonly typed = (): void => {
    if (this.target?.value) this.take(this.target.value);
  };

  /** Put what was read where it belongs. */
  private take(content: string): void {
    const { device, code } = scanned(content);
    const target = this.target;
    if (target) target.value = device;
    const field = document.getElementById(this.getAttribute("code") ?? "") as HTMLInputElement | null;
    if (code && field) field.value = code;
    this.found.textContent = (code ? this.labels["label"] : this.labels["found"])?.replace("{code}", code || device) ?? "";
  }
}
