import { replaceContent } from "../content";

/**
 * `<placette-refresh src="/fr/?part=now" every="15">`: replaces its content by what the server writes now.
 *
 * - `src`: address of an HTML fragment; `every`: seconds between two readings (at least 2)
 * - event `placette-refreshed` (bubbles) after each replacement
 *
 * Nothing is read any more once the content holds an element with `data-done`.
 *
 * Focus, open `<details>` and scroll stay where they are; nothing is read while the page is hidden.
 */
export class PlacetteRefresh extends HTMLElement {
  private timer = 0;

  connectedCallback(): void {
    this.schedule();
  }

  disconnectedCallback(): void {
    clearTimeout(this.timer);
  }

  /** Read the fragment now. */
  async refresh(): Promise<void> {
    const address = this.getAttribute("src");
    if (!address || document.hidden) return this.schedule();
    try {
      const answer = await fetch(address, { headers: { Accept: "text/html" } });
      if (answer.ok) {
        replaceContent(this, await answer.text());
        this.dispatchEvent(new CustomEvent("placette-refreshed", { bubbles: true }));
      }
    } catch {
      // The server is restarting or the network is away: what is shown keeps its age, and the next reading is due.
    }
    this.schedule();
  }

  private schedule(): void {
    clearTimeout(this.timer);
    if (!this.isConnected || this.querySelector("[data-done]")) return;
    const seconds = Math.max(2, Number(this.getAttribute("every")) || 15);
    this.timer = window.setTimeout(() => void this.refresh(), seconds * 1000);
  }
}
