import type { Desk } from "../console/desk";

/**
 * `<placette-console>`: the analysts' page without reloads: choices are shown at once, lines are drawn by uPlot.
 *
 * - `labels`: JSON of the words of its messages; `zone`: the city's time zone
 * - attribute `ready` is set whenever the chart of the present address has been drawn
 *
 * Every state is an address. Without JavaScript the same form asks the server for the same addresses.
 */
export class PlacetteConsole extends HTMLElement {
  private desk: Desk | undefined;

  async connectedCallback(): Promise<void> {
    const { Desk } = await import("../console/desk");
    if (this.isConnected) this.desk ??= new Desk(this);
  }

  disconnectedCallback(): void {
    this.desk?.remove();
    this.desk = undefined;
  }
}
