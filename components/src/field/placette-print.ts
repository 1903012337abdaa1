/** `<placette-print><button hidden>…</button></placette-print>`: a button that prints the page. */
export class PlacettePrint extends HTMLElement {
  connectedCallback(): void {
    const button = this.querySelector("button");
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
}
