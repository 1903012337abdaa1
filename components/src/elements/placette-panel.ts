/**
 * `<placette-panel>`: shows the page behind a link of its neighbourhood beside what one is looking at.
 *
 * - `scope`: CSS selector of the ancestor whose `a[data-panel]` links and `placette-select` events it answers
 * - `close-label`: name of the closing button
 * - a link's page is read as a fragment (`part=panel`); opened in a new tab or without JavaScript the link goes there
 *
 * Focus goes to the panel's title, Escape and the button close it, and focus returns to where it came from.
 */
export class PlacettePanel extends HTMLElement {
  private from: HTMLElement | undefined;
  private reading: AbortController | undefined;

  private get scope(): Element {
    return this.closest(this.getAttribute("scope") ?? "body") ?? document.body;
  }

  connectedCallback(): void {
    this.hidden = true;
    this.scope.addEventListener("click", this.follow);
    this.scope.addEventListener("placette-select", this.select);
    this.addEventListener("keydown", this.escape);
  }

  disconnectedCallback(): void {
    this.reading?.abort();
    this.scope.removeEventListener("click", this.follow);
    this.scope.removeEventListener("placette-select", this.select);
    this.removeEventListener("keydown", this.escape);
  }

  /** Show the fragment of this address. */
  async show(address: string, from?: HTMLElement): Promise<void> {
    this.reading?.abort();
    this.reading = new AbortController();
    const url = new URL(address, location.href);
    url.searchParams.set("part", "panel");
    let answer: Response;
    try {
      answer = await fetch(url, { signal: this.reading.signal });
    } catch {
      if (!this.reading.signal.aborted) location.assign(address);
      return;
    }
    if (!answer.ok) return location.assign(address);
    const template = document.createElement("template");
    template.innerHTML = await answer.text();
    const close = document.createElement("button");
    close.type = "button";
    close.className = "panel-close";
    close.setAttribute("aria-label", this.getAttribute("close-label") ?? "");
    close.addEventListener("click", () => this.close());
    this.replaceChildren(template.content, close);
    this.hidden = false;
    this.from = from ?? this.from;
    const title = this.querySelector<HTMLElement>("h2");
    if (title) {
      title.tabIndex = -1;
      title.focus({ preventScroll: true });
    }
    this.scrollIntoView({ block: "nearest", behavior: "instant" });
  }

  /** Hide the panel and give the focus back. */
  close(): void {
    this.reading?.abort();
    this.hidden = true;
    this.replaceChildren();
    this.from?.focus();
    this.from = undefined;
  }

  private readonly follow = (event: Event): void => {
    const click = event as MouseEvent;
    if (click.defaultPrevented || click.button || click.ctrlKey || click.metaKey || click.shiftKey) return;
    const link = (event.target as Element).closest<HTMLAnchorElement>("a[data-panel]");
    if (!link || this.contains(link)) return;
    event.preventDefault();
    void this.show(link.href, link);
  };

  private readonly select = (event: Event): void => {
    const { href } = (event as CustomEvent<{ href: string }>).detail;
    void this.show(href, event.target as HTMLElement);
  };

  private readonly escape = (event: Event): void => {
    if ((event as KeyboardEvent).key === "Escape") this.close();
  };
}
