/** What the pages of field work need: orders that wait for the network, the camera, the position, a worker for offline. */
import { PlacetteHere } from "./field/placette-here";
import { PlacetteNear } from "./field/placette-near";
import { PlacetteOrder } from "./field/placette-order";
import { PlacettePrint } from "./field/placette-print";
import { PlacetteQueue } from "./field/placette-queue";
import { PlacetteScan } from "./field/placette-scan";

const ELEMENTS: Record<string, CustomElementConstructor> = {
  "placette-queue": PlacetteQueue,
  "placette-order": PlacetteOrder,
  "placette-scan": PlacetteScan,
  "placette-here": PlacetteHere,
  "placette-near": PlacetteNear,
  "placette-print": PlacettePrint,
};

for (const [name, element] of Object.entries(ELEMENTS)) customElements.define(name, element);
