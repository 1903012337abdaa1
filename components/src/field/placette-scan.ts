import { type Reader, reader } from "./reader";
import { scanned } from "./scanned";

/** Between two frames, so that the page stays at hand and the phone cool. */
const PAUSE_MS = 120;
/** When it is time to say what may help. */
const PATIENCE_MS = 12_000;
const CAMERA = { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } };
/** The words for what a browser says when it gives no camera; for anything else, `busy`. */
const REFUSALS: Record<string, string> = { NotAllowedError: "denied", NotFoundError: "none", OverconstrainedError: "none" };

/**
 * `<placette-scan for="device" code="code" labels="{…}">`: reads the QR code of a device with the camera. The hidden
 * button with a span that it holds is shown where this can be tried. Frames stay in the browser. The camera is off as soon as something was read, and when the page is hidden or left.
 *
 * - `for`: id of the field of the device's identifier; `code`: id of the field of the site's code, for our own labels
 * - `labels` (JSON): `scan`, `stop`, `view`, `aim`, `slow`, `denied`, `none`, `busy`, `insecure`, `unloaded`, `found`,
 *   `label`
 */
export class PlacetteScan extends HTMLElement {
  private looking: AbortController | undefined;
  private readonly said = document.createElement("p");
  private readonly view = document.createElement("div");
  private readonly video = document.createElement("video");

  connectedCallback(): void {
    this.target?.addEventListener("change", this.typed);
    this.said.className = "found";
    this.said.setAttribute("role", "status");
    this.append(this.said);
    if (isSecureContext) this.offer();
    else this.say("insecure");
  }

  disconnectedCallback(): void {
    this.stop();
    this.target?.removeEventListener("change", this.typed);
    document.removeEventListener("visibilitychange", this.leave);
    removeEventListener("pagehide", this.stop);
  }

  private get labels(): Record<string, string> {
    return JSON.parse(this.getAttribute("labels") ?? "{}") as Record<string, string>;
  }

  private get target(): HTMLInputElement | null {
    return this.field("for");
  }

  private field(attribute: string): HTMLInputElement | null {
    return document.getElementById(this.getAttribute(attribute) ?? "") as HTMLInputElement | null;
  }

  private offer(): void {
    const button = this.querySelector("button");
    if (!button) return;
    button.hidden = false;
    button.onclick = () => void (this.looking ? this.stop() : this.scan());
    this.view.className = "scan-view";
    this.view.hidden = true;
    this.video.muted = true;
    this.video.playsInline = true;
    this.video.setAttribute("aria-label", this.labels["view"] ?? "");
    this.view.replaceChildren(this.video);
    this.said.before(this.view);
    document.addEventListener("visibilitychange", this.leave);
    addEventListener("pagehide", this.stop);
  }

  private async scan(): Promise<void> {
    const { signal } = (this.looking = new AbortController());
    this.offers("stop");
    this.said.textContent = "";
    try {
      const read = await reader();
      const stream = await opened();
      const off = (): void => stream.getTracks().forEach((track) => track.stop());
      if (signal.aborted) return off();
      signal.addEventListener("abort", off);
      await this.look(stream, read, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.stop();
      this.say(error instanceof DOMException ? (REFUSALS[error.name] ?? "busy") : "unloaded");
    }
  }

  private async look(stream: MediaStream, read: Reader, signal: AbortSignal): Promise<void> {
    stream.getTracks().forEach((track) => track.addEventListener("ended", this.lose));
    this.say("aim");
    this.view.hidden = false;
    this.video.srcObject = stream;
    await this.video.play();
    this.view.scrollIntoView({ block: "nearest" });
    const late = performance.now() + PATIENCE_MS;
    while (!signal.aborted) {
      const content = await read(this.video);
      if (signal.aborted) return;
      if (content) {
        navigator.vibrate?.(80);
        this.stop();
        return this.take(content);
      }
      if (performance.now() > late) this.say("slow");
      await new Promise((next) => setTimeout(next, PAUSE_MS));
    }
  }

  /** Turn the camera off, whether it shows a picture or is still being asked for. */
  private readonly stop = (): void => {
    if (!this.looking) return;
    this.looking.abort();
    this.looking = undefined;
    this.video.srcObject = null;
    this.view.hidden = true;
    this.said.textContent = "";
    this.offers("scan");
  };

  private readonly lose = (): void => {
    this.stop();
    this.say("busy");
  };

  private readonly leave = (): void => {
    if (document.hidden) this.stop();
  };

  private offers(label: string): void {
    const words = this.querySelector("button span");
    if (words) words.textContent = this.labels[label] ?? "";
  }

  private say(label: string, code = ""): void {
    const words = (this.labels[label] ?? "").replace("{code}", code);
    if (this.said.textContent !== words) this.said.textContent = words;
  }

  private readonly typed = (): void => {
    const target = this.target;
    const content = target?.value;
    if (!target || !content) return;
    const { device, code } = scanned(content);
    // Nothing was read but what was typed: a sentence would push away the button that is being pressed.
    if (device === content && !code) return;
    target.value = "";
    this.take(content);
  };

  /** Put what was read where it belongs; our own label says nothing of the device, and leaves its field as it is. */
  private take(content: string): void {
    const { device, code } = scanned(content);
    const target = this.target;
    if (device && target) target.value = device;
    const field = this.field("code");
    if (code && field) field.value = code;
    this.say(code ? "label" : "found", code || device);
  }
}

/** The camera at the back; a browser that has none to give says so like one whose camera is missing. */
async function opened(): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw new DOMException("no camera", "NotFoundError");
  return navigator.mediaDevices.getUserMedia({ video: CAMERA });
}
