import { html, LitElement, nothing, type PropertyValues } from "lit";
import { isOne, languageOf, numberFormat } from "../language";

/** What `<placette-live>` says in words; the server hands it over in the attribute `labels` as JSON. */
interface Labels {
  absent?: string;
  on?: string;
  off?: string;
  quality?: Record<string, string>;
}

/**
 * `<placette-live>`: one live value with its unit, its age and, when there is something to say, its quality.
 *
 * - `datastream`: id of the datastream, by which `<placette-stream>` finds it
 * - `value`, `unit`, `decimals`: the figure and how it is written; `unit-one` is the unit of a singular value
 * - `binary`: the figure is 0 or 1 and shown as a word
 * - `time`: ISO 8601 instant of the value; `quality`: QARTOD flag; 3 and 4 are marked
 * - `uncertainty`: expanded uncertainty of the figure, in its unit
 * - `labels`: JSON `{absent, on, off, quality: {"3": "…", "4": "…"}}`
 * - event `placette-change` (bubbles) when a newer value has come
 *
 * What the server wrote inside is what the element would write: it stays until the first newer value.
 */
export class PlacetteLive extends LitElement {
  static override properties = {
    datastream: { type: Number },
    value: { type: Number },
    unit: { type: String },
    unitOne: { type: String, attribute: "unit-one" },
    decimals: { type: Number },
    time: { type: String },
    quality: { type: Number },
    binary: { type: Boolean },
    uncertainty: { type: Number },
    labels: { type: Object },
  };

  declare datastream: number;
  declare value: number | null;
  declare unit: string;
  declare unitOne: string;
  declare decimals: number;
  declare time: string;
  declare quality: number;
  declare binary: boolean;
  declare uncertainty: number | undefined;
  declare labels: Labels;

  /** Whether the content is the server's. */
  private asServed = this.hasChildNodes();

  override createRenderRoot(): HTMLElement {
    return this;
  }

  /** Take a newer value; an older one than shown is left aside. */
  receive(value: number | null, time: string, quality: number, uncertainty?: number): void {
    if (this.time && Date.parse(time) < Date.parse(this.time)) return;
    const changed = value !== this.value;
    if (this.asServed) this.replaceChildren();
    this.asServed = false;
    this.value = value;
    this.time = time;
    this.quality = quality;
    this.uncertainty = uncertainty;
    if (changed) this.flash();
    this.dispatchEvent(new CustomEvent("placette-change", { bubbles: true, detail: { value, time, quality } }));
  }

  protected override shouldUpdate(_: PropertyValues): boolean {
    return !this.asServed;
  }

  protected override render(): unknown {
    const mark = this.quality === 3 || this.quality === 4 ? this.labels?.quality?.[String(this.quality)] : undefined;
    return html`<span class="live-value">${this.written()}</span>${mark
        ? html` <span class="flag">${mark}</span>`
        : nothing}
      ${this.time ? html`<placette-age class="age" time=${this.time}></placette-age>` : nothing}`;
  }

  protected override updated(): void {
    this.querySelector<HTMLElement & { tick?: () => void }>("placette-age")?.tick?.();
  }

  private written(): unknown {
    const value = this.value;
    if (value === null || value === undefined || Number.isNaN(value)) return this.labels?.absent ?? "–";
    if (this.binary) return (value ? this.labels?.on : this.labels?.off) ?? String(value);
    const language = languageOf(this);
    const format = numberFormat(language, this.decimals || 0);
    const doubt = this.uncertainty
      ? html`<span class="uncertainty">\u00a0±\u00a0${format.format(this.uncertainty)}</span>`
      : nothing;
    const figure = html`${format.format(value)}${doubt}`;
    if (!this.unit) return figure;
    const unit = this.unitOne && isOne(language, value) ? this.unitOne : this.unit;
    return html`${figure}\u00a0<span class="unit">${unit}</span>`;
  }

  private flash(): void {
    this.classList.remove("is-fresh");
    requestAnimationFrame(() => this.classList.add("is-fresh"));
  }
}
