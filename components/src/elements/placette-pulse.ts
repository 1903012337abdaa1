import type { LiveObservation } from "./placette-stream";

/**
 * `<placette-pulse data-observations>`: lets a ripple spread on a drawn map where a device has just been heard.
 *
 * Inside, every `[data-datastreams="1 2"]` whose list holds an observed datastream carries the class `is-heard` until
 * its animation ends.
 */
export class PlacettePulse extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("placette-observations", this.hear as EventListener);
    this.addEventListener("animationend", this.fade);
  }

  disconnectedCallback(): void {
    this.removeEventListener("placette-observations", this.hear as EventListener);
    this.removeEventListener("animationend", this.fade);
  }

  private readonly hear = (event: CustomEvent<LiveObservation[]>): void => {
    for (const { datastream } of event.detail) {
      for (const dot of this.querySelectorAll(`[data-datastreams~="${datastream}"]`)) dot.classList.add("is-heard");
    }
  };

  private readonly fade = (event: Event): void => {
    (event.target as Element).closest("[data-datastreams]")?.classList.remove("is-heard");
  };
}
