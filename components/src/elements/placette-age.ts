import { LitElement } from "lit";

const STEPS: readonly [limitS: number, unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  [90, "second", 1],
  [90 * 60, "minute", 60],
  [36 * 3600, "hour", 3600],
  [Infinity, "day", 86_400],
];

/**
 * `<placette-age time="2026-07-01T12:00:00Z">`: how long ago something was, in words, kept true as time passes.
 *
 * - attribute `time`: an ISO 8601 instant
 * - the language is that of the nearest `lang`
 *
 * What the server wrote inside stays until the element is defined.
 */
export class PlacetteAge extends LitElement {
  static override properties = { time: { type: String } };

  declare time: string;

  private timer = 0;

  override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.tick();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.timer);
  }

  protected override updated(): void {
    this.tick();
  }

  private tick(): void {
    clearTimeout(this.timer);
    const then = Date.parse(this.time ?? "");
    if (!this.isConnected || Number.isNaN(then)) return;
    const seconds = (Date.now() - then) / 1000;
    const step = STEPS.find(([limit]) => Math.abs(seconds) < limit) ?? STEPS[3]!;
    const amount = Math.max(1, Math.round(Math.abs(seconds) / step[2])) * (seconds < 0 ? 1 : -1);
    const text = new Intl.RelativeTimeFormat(languageOf(this), { style: "short" }).format(amount, step[1]);
    if (this.textContent !== text) this.textContent = text;
    this.timer = window.setTimeout(() => this.tick(), step[2] === 1 ? 1000 : 20_000);
  }
}

/** The language in force at an element. */
export function languageOf(element: Element): string {
  return element.closest("[lang]")?.getAttribute("lang") ?? document.documentElement.lang ?? "fr";
}
