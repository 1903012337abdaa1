import { replaceContent } from "../content";

/**
 * `<placette-swap part="chart">`: follows links and forms marked `data-swap` inside it without leaving the page: the
 * server's fragment (`part=…`) takes the place of its content, and the address bar follows.
 *
 * - a `data-swap` form is sent as soon as one of its fields changes
 * - event `placette-swapped` (bubbles), detail: the `URLSearchParams` of what is shown
 *
 * Without JavaScript, or when the fragment cannot be read, links and forms work as they are.
 */
export class PlacetteSwap extends HTMLElement {
  private reading: AbortController | undefined;

  connectedCallback(): void {
    this.addEventListener("click", this.follow);
    this.addEventListener("change", this.send);
    this.addEventListener("submit", this.send);
  }

  disconnectedCallback(): void {
    this.reading?.abort();
    this.removeEventListener("click", this.follow);
    this.removeEventListener("change", this.send);
    this.removeEventListener("submit", this.send);
  }

  private readonly follow = (event: MouseEvent): void => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const link = (event.target as Element).closest<HTMLAnchorElement>("a[data-swap]");
    if (!link) return;
    event.preventDefault();
    void this.show(new URL(link.href));
  };

  private readonly send = (event: Event): void => {
    const form = (event.target as Element).closest<HTMLFormElement>("form[data-swap]");
    if (!form) return;
    event.preventDefault();
    const url = new URL(form.action);
    const fields = new FormData(form);
    // A device of the property shown before means nothing for another property.
    if ((event.target as Element).getAttribute("name") === "property") fields.delete("device");
    for (const [name, value] of fields) if (value) url.searchParams.set(name, String(value));
    void this.show(url);
  };

  private async show(url: URL): Promise<void> {
    this.reading?.abort();
    const reading = (this.reading = new AbortController());
    const fragment = new URL(url);
    fragment.hash = "";
    fragment.searchParams.set("part", this.getAttribute("part") ?? "");
    this.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(fragment, { signal: reading.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      replaceContent(this, await answer.text());
      this.removeAttribute("aria-busy");
    } catch {
      if (!reading.signal.aborted) location.assign(url);
      return;
    }
    history.replaceState(null, "", url);
    this.dispatchEvent(new CustomEvent("placette-swapped", { bubbles: true, detail: url.searchParams }));
  }
}
