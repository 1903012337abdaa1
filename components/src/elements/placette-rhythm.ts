/**
 * `<placette-rhythm>`: makes the cells of a rhythm's picture readable one by one, by touch and by keyboard.
 *
 * - `columns`: cells in a row: 24 hours of a weekday, 7 days of a week
 * - `labels`: JSON `{keys, hint}`: how it is used, for those who hear and for those who see
 *
 * The server wrote the cells (`data-cell`) with their words inside. Arrow keys walk from cell to cell, Home and End go to
 * the ends; what a cell says also stands in one line below the picture.
 */
export class PlacetteRhythm extends HTMLElement {
  private cells: HTMLElement[] = [];
  private readout: HTMLElement | undefined;

  connectedCallback(): void {
    this.cells = [...this.querySelectorAll<HTMLElement>("[data-cell]")];
    const tables = [...this.querySelectorAll("table")];
    if (!this.cells.length || this.readout) return;
    const labels = JSON.parse(this.getAttribute("labels") ?? "{}") as { keys?: string; hint?: string };
    for (const table of tables) {
      table.setAttribute("role", "grid");
      if (labels.keys) table.setAttribute("aria-description", labels.keys);
    }
    this.cells.forEach((cell, place) => (cell.tabIndex = place ? -1 : 0));
    this.readout = document.createElement("p");
    this.readout.className = "heat-readout";
    this.readout.setAttribute("aria-hidden", "true"); // the cell itself is read out
    this.readout.textContent = labels.hint ?? "";
    (this.querySelector(".months") ?? tables.at(-1))?.after(this.readout);
    this.addEventListener("keydown", this.walk);
    this.addEventListener("focusin", this.tell);
    this.addEventListener("pointerover", this.tell);
    this.addEventListener("click", this.tell);
  }

  disconnectedCallback(): void {
    this.removeEventListener("keydown", this.walk);
    this.removeEventListener("focusin", this.tell);
    this.removeEventListener("pointerover", this.tell);
    this.removeEventListener("click", this.tell);
    this.readout?.remove();
    this.readout = undefined;
  }

  private readonly tell = (event: Event): void => {
    const cell = (event.target as Element).closest<HTMLElement>("[data-cell]");
    if (!cell || !this.readout) return;
    this.readout.textContent = cell.textContent;
    this.readout.dataset["told"] = "";
    if (event.type === "pointerover") return;
    for (const other of this.cells) other.tabIndex = other === cell ? 0 : -1;
  };

  private readonly walk = (event: KeyboardEvent): void => {
    const place = this.cells.indexOf(event.target as HTMLElement);
    const columns = Number(this.getAttribute("columns")) || 1;
    const steps: Record<string, number> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: columns,
      ArrowUp: -columns,
      Home: -place,
      End: this.cells.length - 1 - place,
    };
    const step = steps[event.key];
    if (place < 0 || step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.cells[place + step]?.focus();
  };
}
