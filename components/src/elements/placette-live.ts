import { html, LitElement, nothing } from "lit";
import { languageOf } from "./placette-age";

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
 * - `labels`: JSON `{absent, on, off, quality: {"3": "…", "4": "…"}}`
 * - event `placette-change` (bubbles) when a newer value has come
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
  declare labels: Labels;

  override createRenderRoot(): HTMLElement {
    this.replaceChildren();
    return this;
  }

  /** Take a newer value; an older one than shown is left aside. */
  receive(value: number | null, time: string, quality: number): void {
    if (this.time && Date.parse(time) < Date.parse(this.time)) return;
    const changed = value !== this.value;
    this.value = value;
    this.time = time;
    this.quality = quality;
    if (changed) this.flash();
    this.dispatchEvent(new CustomEvent("placette-change", { bubbles: true, detail: { value, time, quality } }));
  }

  protected override render(): unknown {
    const mark = this.quality === 3 || this.quality === 4 ? this.labels?.quality?.[String(this.quality)] : undefined;
    return html`<span class="live-value">${this.written()}</span>${mark
        ? html` <span class="flag">${mark}</span>`
        : nothing}
      ${this.time ? html`<placette-age class="age" time=${this.time}></placette-age>` : nothing}`;
  }

  private written(): unknown {
    const value = this.value;
    if (value === null || value === undefined || Number.isNaN(value)) return this.labels?.absent ?? "–";
    if (this.binary) return (value ? this.labels?.on : this.labels?.off) ?? String(value);
    const decimals = this.decimals || 0;
    const format = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    const language = languageOf(this);
    const figure = new Intl.NumberFormat(language, format).format(value);
    const one = this.unitOne && new Intl.PluralRules(language).select(value) === "one";
    return this.unit ? html`${figure}\u00a0<span class="unit">${one ? this.unitOne : this.unit}</span>` : figure;
  }

  private flash(): void {
    this.classList.remove("is-fresh");
    void this.offsetWidth;
    this.classList.add("is-fresh");
  }
}
