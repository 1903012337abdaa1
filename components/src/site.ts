/** Everything a page needs at once: small elements. The map and chart engines are fetched when they are wanted. */
import { PlacetteAge } from "./elements/placette-age";
import { PlacetteChart } from "./elements/placette-chart";
import { PlacetteConsole } from "./elements/placette-console";
import { PlacetteLayers } from "./elements/placette-layers";
import { PlacetteLive } from "./elements/placette-live";
import { PlacetteMap } from "./elements/placette-map";
import { PlacettePanel } from "./elements/placette-panel";
import { PlacettePoints } from "./elements/placette-points";
import { PlacettePulse } from "./elements/placette-pulse";
import { PlacetteRefresh } from "./elements/placette-refresh";
import { PlacetteRhythm } from "./elements/placette-rhythm";
import { PlacetteStream } from "./elements/placette-stream";
import { PlacetteSwap } from "./elements/placette-swap";
import { PlacetteTheme } from "./elements/placette-theme";

const ELEMENTS: Record<string, CustomElementConstructor> = {
  "placette-age": PlacetteAge,
  "placette-layers": PlacetteLayers,
  "placette-live": PlacetteLive,
  "placette-theme": PlacetteTheme,
  "placette-panel": PlacettePanel,
  "placette-refresh": PlacetteRefresh,
  "placette-map": PlacetteMap,
  "placette-chart": PlacetteChart,
  "placette-pulse": PlacettePulse,
  "placette-rhythm": PlacetteRhythm,
  "placette-swap": PlacetteSwap,
  "placette-console": PlacetteConsole,
  "placette-points": PlacettePoints,
  "placette-stream": PlacetteStream,
};

// Orders of field work that were not sent would be lost with what the browser forgets when one signs out.
document.addEventListener("submit", (event) => {
  const question = (event.target as HTMLElement).dataset["waiting"];
  const count = Number(localStorage.getItem("placette-waiting")) || 0;
  if (question && count && !confirm(question.replace("{count}", String(count)))) event.preventDefault();
  else if (question) {
    localStorage.removeItem("placette-waiting");
    indexedDB.deleteDatabase("placette-field");
  }
});

for (const [name, element] of Object.entries(ELEMENTS)) customElements.define(name, element);
