import { replaceContent } from "../content";
import { languageOf } from "../language";
import type { Plot, PlotEngine } from "./plot";
import { download, pngOf } from "./picture";

const TYPING_MS = 250;
const MOST = 24;
const LISTING = new Set(["find", "place", "property", "kind", "origin"]);
const PART_NAMES = ["view", "list"] as const;

/**
 * What happens on the analysts' page: a choice becomes an address, and the address is shown: the server's words, and
 * the lines from `plot.json` of the same address, both asked for at once.
 */
export class Desk {
  private engine: PlotEngine | undefined;
  private reading: AbortController | undefined;
  private typing = 0;
  private listed = new URL(location.href).searchParams.getAll("datastream").join();
  private readonly labels: Record<string, string>;
  private readonly form: HTMLFormElement;

  constructor(private readonly host: HTMLElement) {
    this.labels = JSON.parse(host.getAttribute("labels") ?? "{}") as Record<string, string>;
    this.form = host.querySelector<HTMLFormElement>("#console-form")!;
    host.setAttribute("live", "");
    host.addEventListener("change", this.changed);
    host.addEventListener("input", this.typed);
    host.addEventListener("submit", this.submitted);
    host.addEventListener("click", this.clicked);
    host.addEventListener("placette-point", this.picked as EventListener);
    host.addEventListener("toggle", this.opened, true);
    addEventListener("popstate", this.went);
    const drawer = host.querySelector<HTMLDetailsElement>("#console-drawer");
    if (drawer && matchMedia("(max-width: 60em)").matches && this.chosen.length) drawer.open = false;
    this.furnish();
    if (this.figure?.hasAttribute("data-plot")) void this.draw(fetch(this.file("plot.json")));
  }

  remove(): void {
    removeEventListener("popstate", this.went);
    this.engine?.remove();
    this.host.removeAttribute("live");
  }

  private get figure(): HTMLElement | null {
    return this.host.querySelector("[data-view]");
  }

  private get chosen(): HTMLInputElement[] {
    return [...this.host.querySelectorAll<HTMLInputElement>('input[name="datastream"]:checked')];
  }

  /** The address of a file of the view that is shown. */
  private file(name: string, url = new URL(location.href)): string {
    return `${url.pathname.replace(/\/$/, "")}/${name}${url.search}`;
  }

  /** The address that the form's present choices make; what is empty or not in force is left out. */
  private address(): URL {
    const url = new URL(this.form.action);
    const fields = new FormData(this.form);
    const custom = fields.get("range") === "custom";
    for (const [name, value] of fields) {
      if (value === "" || ((name === "start" || name === "end") && !custom)) continue;
      url.searchParams.append(name, String(value));
    }
    return url;
  }

  private readonly changed = (event: Event): void => {
    const field = event.target as HTMLInputElement;
    if (field.form !== this.form || field.type === "search") return;
    if (field.name === "datastream" && field.checked && this.chosen.length > MOST) {
      field.checked = false;
      this.say(this.labels["many"] ?? "");
      return;
    }
    if (field.name === "start" || field.name === "end") {
      this.host.querySelector<HTMLInputElement>("#console-range-custom")?.click();
      return;
    }
    if (LISTING.has(field.name)) void this.list();
    else void this.show(this.address());
  };

  private readonly typed = (event: Event): void => {
    if ((event.target as HTMLInputElement).type !== "search") return;
    clearTimeout(this.typing);
    this.typing = window.setTimeout(() => void this.list(), TYPING_MS);
  };

  private readonly submitted = (event: Event): void => {
    event.preventDefault();
    void this.show(this.address());
  };

  private readonly went = (): void => void this.show(new URL(location.href), false);

  /** A long table is only made when it is looked at: the page without its picture has it. */
  private readonly opened = async (event: Event): Promise<void> => {
    const table = event.target as HTMLDetailsElement;
    if (!table.open || !table.matches("[data-late]")) return;
    table.removeAttribute("data-late");
    const url = new URL(location.href);
    url.searchParams.set("part", "view");
    const answer = await fetch(url);
    if (!answer.ok) return this.say(this.labels["failed"] ?? "");
    const whole = document.createElement("template");
    whole.innerHTML = await answer.text();
    table.replaceChildren(...(whole.content.getElementById(table.id)?.childNodes ?? []));
  };

  private readonly clicked = (event: MouseEvent): void => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const target = event.target as Element;
    const link = target.closest<HTMLAnchorElement>("a[data-go]");
    if (link) {
      event.preventDefault();
      void this.show(new URL(link.href));
    } else if (target.closest("[data-png]")) void this.png();
    else if (target.closest("[data-copy]")) void this.copy();
  };

  /** A device of the map was touched: its one datastream in the list is chosen, or the list is narrowed to it. */
  private readonly picked = (event: CustomEvent<string>): void => {
    const thing = CSS.escape(event.detail);
    const fields = this.host.querySelectorAll<HTMLInputElement>(`input[name="datastream"][data-thing="${thing}"]`);
    if (fields.length === 1) fields[0]!.click();
    else {
      const find = this.host.querySelector<HTMLInputElement>("#console-find");
      if (find) find.value = event.detail;
      void this.list();
    }
  };

  /** Read the list again with its filters; the view stays. */
  private async list(): Promise<void> {
    const url = this.address();
    history.replaceState(null, "", url);
    await this.replace("list", url, undefined);
  }

  private async show(url: URL, push = true): Promise<void> {
    this.reading?.abort();
    const { signal } = (this.reading = new AbortController());
    performance.mark("console-asked");
    this.host.removeAttribute("ready");
    this.host.setAttribute("aria-busy", "true");
    const plot = fetch(this.file("plot.json", url), { signal });
    plot.catch(() => undefined); // told below, when its turn comes
    if (push) history.pushState(null, "", url);
    try {
      const chosen = url.searchParams.getAll("datastream").join();
      const list = chosen === this.listed ? null : this.replace("list", url, signal);
      this.listed = chosen;
      await this.replace("view", url, signal);
      this.furnish();
      if (this.figure?.hasAttribute("data-plot")) await this.draw(plot);
      await list;
      this.count();
    } catch {
      if (!signal.aborted) this.say(this.labels["failed"] ?? "");
    }
    if (!signal.aborted) this.host.removeAttribute("aria-busy");
  }

  private async replace(part: (typeof PART_NAMES)[number], url: URL, signal: AbortSignal | undefined): Promise<void> {
    const fragment = new URL(url);
    fragment.searchParams.set("part", part);
    if (part === "view") fragment.searchParams.set("live", "1");
    const answer = await fetch(fragment, signal ? { signal } : {});
    if (!answer.ok) throw new Error(String(answer.status));
    const text = await answer.text();
    if (signal?.aborted) throw new DOMException("", "AbortError");
    if (part === "view") {
      this.engine?.remove();
      this.engine = undefined;
    }
    const element = this.host.querySelector<HTMLElement>(`[data-part="${part}"]`)!;
    const scrolled = element.scrollTop;
    replaceContent(element, text);
    element.scrollTop = scrolled;
  }

  private async draw(asked: Promise<Response>): Promise<void> {
    const [{ PlotEngine }, answer] = await Promise.all([import("./plot"), asked]);
    const stage = this.host.querySelector<HTMLElement>("[data-stage]");
    if (!answer.ok || !stage) return;
    const plot = (await answer.json()) as Plot | null;
    if (!plot) return;
    this.engine?.remove();
    this.engine = new PlotEngine(stage, plot, {
      zone: this.host.getAttribute("zone") ?? "UTC",
      language: languageOf(this.host),
      labels: this.labels,
      legend: this.host.querySelector("[data-legend]"),
      at: this.host.querySelector("[data-at]"),
      onSpan: (start, end) => this.magnify(start, end),
      onBack: () => history.back(),
    });
    requestAnimationFrame(() =>
      setTimeout(() => {
        performance.mark("console-painted");
        this.host.setAttribute("ready", "");
      }),
    );
  }

  /** Show a stretch of the chart as a period of its own, with the finer values that it can bear. */
  private magnify(start: number, end: number): void {
    const url = this.address();
    const iso = (seconds: number): string => new Date(Math.round(seconds) * 1000).toISOString().slice(0, 19) + "Z";
    url.searchParams.set("range", "custom");
    url.searchParams.set("start", iso(start));
    url.searchParams.set("end", iso(end));
    void this.show(url);
  }

  /** Show what only works with a script. */
  private furnish(): void {
    this.host.querySelectorAll<HTMLElement>(".console-live").forEach((button) => (button.hidden = false));
    const tabs = this.host.querySelector<HTMLElement>(".console-tabs");
    const tab = tabs?.querySelector<HTMLElement>("[aria-current]");
    if (!tabs || !tab || !matchMedia("(max-width: 44em)").matches) return; // elsewhere all tabs are in sight
    tabs.scrollLeft = tab.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - tab.clientWidth) / 2;
  }

  private count(): void {
    const points = this.host.querySelector("#console-map[open] placette-points");
    points?.scrollIntoView({ block: "nearest" });
    const heading = this.host.querySelector<HTMLElement>("[data-chosen]");
    const legend = this.host.querySelector<HTMLElement>("[data-count]");
    if (heading && legend) heading.textContent = legend.dataset["count"] ?? "";
  }

  private async png(): Promise<void> {
    const answer = await fetch(this.file("picture.svg"));
    if (!answer.ok) return this.say(this.labels["failed"] ?? "");
    download(await pngOf(await answer.text()), `${this.figure?.dataset["file"] ?? "placette"}.png`);
  }

  private async copy(): Promise<void> {
    await navigator.clipboard.writeText(location.href);
    this.say(this.labels["copied"] ?? "");
  }

  private say(words: string): void {
    const place = this.host.querySelector<HTMLElement>("[data-copied]") ?? this.host.querySelector<HTMLElement>(".console-found");
    if (place) place.textContent = words;
  }
}
