import { LitElement } from "lit";
import { languageOf, relativeTime } from "../language";

const STEPS: readonly [limitS: number, unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  [90, "second", 1],
  [90 * 60, "minute", 60],
  [36 * 3600, "hour", 3600],
  [Infinity, "day", 86_400],
];
const SECOND_MS = 1_000;
const CALM_MS = 20_000; // ages counted in minutes and more

/**
 * `<placette-age time="2026-07-01T12:00:00Z">`: how long ago something was, in words, kept true as time passes.
 *
 * - attribute `time`: an ISO 8601 instant
 * - the language is that of the nearest `lang`
 *
 * What the server wrote inside is true when the page comes and stays until the first tick.
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
    this.schedule();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.timer);
  }

  protected override updated(): void {
    if (!this.textContent) this.tick();
  }

  /** Write the age now, for an instant that has just been set. */
  tick(): void {
    const then = Date.parse(this.time ?? "");
    if (Number.isNaN(then)) return;
    const seconds = (Date.now() - then) / 1000;
    const [, unit, size] = STEPS.find(([limit]) => Math.abs(seconds) < limit) ?? STEPS[3]!;
    const amount = Math.max(1, Math.round(Math.abs(seconds) / size)) * (seconds < 0 ? 1 : -1);
    const text = relativeTime(languageOf(this)).format(amount, unit);
    if (this.textContent !== text) this.textContent = text;
    this.schedule();
  }

  private schedule(): void {
    clearTimeout(this.timer);
    if (!this.isConnected) return;
    const young = Date.now() - Date.parse(this.time ?? "") < STEPS[0]![0] * SECOND_MS;
    this.timer = window.setTimeout(() => this.tick(), young ? SECOND_MS : CALM_MS);
  }
}
