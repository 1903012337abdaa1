/**
 * `<placette-theme>`: turns links that choose an appearance (`<a data-theme-choice="dark" href="…">`) into buttons that
 * change the page at once. Without JavaScript the links work: the server sets the same cookie and returns to the page.
 *
 * - event `placette-theme` on `document` after a change, for what is painted on a canvas
 */
export class PlacetteTheme extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("click", this.choose);
  }

  disconnectedCallback(): void {
    this.removeEventListener("click", this.choose);
  }

  private readonly choose = (event: Event): void => {
    const link = (event.target as Element).closest<HTMLAnchorElement>("[data-theme-choice]");
    if (!link) return;
    event.preventDefault();
    const choice = link.dataset["themeChoice"] ?? "auto";
    const root = document.documentElement;
    root.toggleAttribute("data-theme", choice === "light" || choice === "dark");
    if (choice === "light" || choice === "dark") root.dataset["theme"] = choice;
    root.toggleAttribute("data-contrast", choice === "contrast");
    if (choice === "contrast") root.dataset["contrast"] = "more";
    document.cookie = `placette-theme=${choice}; path=/; max-age=31536000; samesite=lax`;
    for (const other of this.querySelectorAll("[data-theme-choice]")) {
      if (other === link) other.setAttribute("aria-current", "true");
      else other.removeAttribute("aria-current");
    }
    this.closest("details")?.removeAttribute("open");
    this.closest("details")?.querySelector("summary")?.focus();
    document.dispatchEvent(new CustomEvent("placette-theme"));
  };
}
