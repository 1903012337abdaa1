import { CHANGED, type Order, WAITING, forget, orders, send } from "./queue";

/** Sites of a round that are kept for when there is no network. */
const MOST = 150;

/**
 * `<placette-queue labels="{…}" keep="/fr/field /fr/field/install" hidden>`: shows the orders that wait to be sent, sends
 * them when the network is back, and asks the worker to keep pages for when there is none.
 *
 * - `labels` (JSON): `waiting` (plural forms with `{count}`), `offline`, `signed_out`, `sign_in`, `busy`, `send`, `edit`,
 *   `drop`, `sure`, `held`
 * - `keep`: addresses of pages that are wanted offline; the page itself and the sites it leads to are added
 * - `files`: addresses of files that are wanted offline, beside those that the page has loaded
 * - event `placette-sent` (bubbles) when something was sent
 */
export class PlacetteQueue extends HTMLElement {
  private readonly channel = new BroadcastChannel(CHANGED);
  private why = "";

  connectedCallback(): void {
    this.className = "queue";
    this.setAttribute("role", "status");
    this.channel.onmessage = () => void this.show();
    addEventListener("online", this.send);
    this.addEventListener("click", this.clicked);
    void this.show().then(this.send);
    void this.keepPages();
  }

  disconnectedCallback(): void {
    removeEventListener("online", this.send);
    this.channel.close();
  }

  private get labels(): Record<string, string & Record<string, string>> {
    return JSON.parse(this.getAttribute("labels") ?? "{}") as Record<string, string & Record<string, string>>;
  }

  private readonly send = async (): Promise<void> => {
    if (!(await orders()).length) return;
    const outcome = await send();
    this.why = outcome.stopped;
    await this.show();
    if (outcome.sent) this.dispatchEvent(new CustomEvent("placette-sent", { bubbles: true, detail: outcome }));
  };

  private readonly clicked = (event: Event): void => {
    const button = (event.target as Element).closest<HTMLButtonElement>("button[data-do]");
    if (!button) return;
    if (button.dataset["do"] === "send") void this.send();
    if (button.dataset["do"] === "drop" && confirm(this.labels["sure"])) void this.drop(Number(button.dataset["number"]));
  };

  private async drop(number: number): Promise<void> {
    const order = (await orders()).find((each) => each.number === number);
    if (order) await forget(order);
    await this.show();
    await this.send();
  }

  private async show(): Promise<void> {
    const waiting = await orders();
    localStorage.setItem(WAITING, String(waiting.length)); // the worker, which may have sent them, cannot
    this.hidden = !waiting.length;
    if (!waiting.length) return this.replaceChildren();
    const labels = this.labels;
    const language = document.documentElement.lang || "fr";
    const form = new Intl.PluralRules(language).select(waiting.length);
    const plural = labels["waiting"] as unknown as Record<string, string>;
    const title = text("p", (plural[form] ?? plural["other"] ?? "").replace("{count}", String(waiting.length)), "queue-title");
    const list = document.createElement("ul");
    list.append(...waiting.map((order) => this.item(order)));
    const acts = text("p", "", "queue-acts");
    acts.append(button(labels["send"] ?? "", "send"));
    const reason = text("p", { offline: labels["offline"], "signed-out": labels["signed_out"], busy: labels["busy"] }[this.why] ?? "");
    if (this.why === "signed-out") {
      const path = location.pathname;
      reason.append(" ", link(labels["sign_in"] ?? "", `/${path.split("/")[1]}/sign-in?next=${encodeURIComponent(path)}`));
    }
    this.replaceChildren(title, ...(reason.textContent ? [reason] : []), list, acts);
  }

  private item(order: Order): HTMLElement {
    const item = text("li", order.name);
    if (!order.fault) return item;
    const labels = this.labels;
    const fault = text("p", order.fault, "queue-fault");
    fault.lang = order.lang ?? "en";
    item.append(fault);
    const acts = text("p", "", "queue-acts");
    if (order.kind !== "photo") acts.append(link(labels["edit"] ?? "", this.editor(order)));
    const drop = button(labels["drop"] ?? "", "drop");
    drop.dataset["number"] = String(order.number);
    acts.append(drop);
    item.append(acts);
    return item;
  }

  private editor(order: Order): string {
    const begin = `/${location.pathname.split("/")[1]}/field/`;
    const page = order.kind === "install" ? "install" : encodeURIComponent(order.site);
    return `${begin}${page}?order=${order.number}${order.kind === "install" ? "" : `#${order.kind}`}`;
  }

  private async keepPages(): Promise<void> {
    if (!("serviceWorker" in navigator)) return;
    const scope = `/${location.pathname.split("/")[1]}/field`;
    const registration = await navigator.serviceWorker.register("/field-worker.js", { scope });
    await navigator.serviceWorker.ready;
    const files = performance.getEntriesByType("resource").map((entry) => new URL(entry.name).pathname);
    const sites = [...document.querySelectorAll<HTMLAnchorElement>("#round a")].slice(0, MOST).map((a) => a.pathname);
    const pages = new Set([...words(this.getAttribute("keep")), location.pathname, ...sites]);
    const kept = [...files.filter((file) => file.startsWith("/static/")), ...words(this.getAttribute("files"))];
    registration.active?.postMessage({ pages: [...pages], files: [...new Set(kept)] });
  }
}

function words(list: string | null): string[] {
  return (list ?? "").split(" ").filter(Boolean);
}

function text(tag: string, content: string, className = ""): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = content;
  if (className) made.className = className;
  return made;
}

function button(label: string, act: string): HTMLButtonElement {
  const made = text("button", label, "button button-tall") as HTMLButtonElement;
  made.type = "button";
  made.dataset["do"] = act;
  return made;
}

function link(label: string, href: string): HTMLAnchorElement {
  const made = text("a", label, "button button-tall") as HTMLAnchorElement;
  made.href = href;
  return made;
}
