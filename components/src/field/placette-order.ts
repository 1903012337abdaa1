import { type Kind, type Order, freshKey, keep, orders, send, siteOf } from "./queue";
import { smaller } from "./picture";

/**
 * `<placette-order kind="install" path="/api/sites" …><form>…</form></placette-order>`: a form whose order is kept on the
 * phone and sent as soon as there is a network. Without JavaScript the form goes to its own `action`.
 *
 * - `kind`: `install`, `replace`, `retire` or `photo`; `path`: where the order goes; `site`: its code, if known
 * - `name`: what the order is called in the list of those that wait; the device or the address is added
 * - `back`: where to go once it is sent, the site's code is added
 * - `labels` (JSON): `kept`, `refused`, `signed_out`, `sending`
 *
 * With `?order=7` in the address, the form is filled with the order 7 that waits, and takes its place.
 */
export class PlacetteOrder extends HTMLElement {
  private editing: Order | undefined;
  private readonly said = document.createElement("p");

  connectedCallback(): void {
    this.said.className = "notice notice-warn";
    this.said.setAttribute("role", "status");
    this.said.hidden = true;
    this.append(this.said);
    this.addEventListener("submit", this.submit);
    void this.fill();
  }

  disconnectedCallback(): void {
    this.removeEventListener("submit", this.submit);
  }

  private get labels(): Record<string, string> {
    return JSON.parse(this.getAttribute("labels") ?? "{}") as Record<string, string>;
  }

  private readonly submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const button = event.submitter as HTMLButtonElement | null;
    button?.setAttribute("disabled", "");
    this.say(this.labels["sending"] ?? "");
    void this.give(event.target as HTMLFormElement)
      .catch((error: unknown) => this.say(String(error)))
      .finally(() => button?.removeAttribute("disabled"));
  };

  private async give(form: HTMLFormElement): Promise<void> {
    const data = new FormData(form);
    const photo = data.get("photo");
    const picture = photo instanceof File && photo.size ? await smaller(photo) : null;
    const body: Record<string, string | number> = { done_at: this.editing?.body["done_at"] ?? new Date().toISOString() };
    for (const [name, value] of data) {
      if (typeof value !== "string" || ["key", "do"].includes(name) || !value.trim()) continue;
      const number = name === "longitude" || name === "latitude";
      body[name] = number ? Number(value.replace(",", ".")) : value.trim();
    }
    const order = this.order(body as Record<string, string>);
    const wanted = this.kind === "photo" ? { ...order, photo: picture, body: {} } : order;
    await keep(wanted);
    await this.repoint(order.key);
    if (picture && this.kind === "install") await keep(this.photoOf(order, picture));
    const outcome = await send();
    const left = (await orders()).find((each) => each.key === order.key);
    if (!left) return this.leave(order.site || (await siteOf(order.key)));
    this.editing = left;
    if (left.fault) this.say(`${this.labels["refused"] ?? ""} ${left.fault}`);
    else this.done(form, (outcome.stopped === "signed-out" ? this.labels["signed_out"] : this.labels["kept"]) ?? "");
  }

  private get kind(): Kind {
    return this.getAttribute("kind") as Kind;
  }

  private order(body: Record<string, string>): Order {
    const about = body["address"] || body["device"] || "";
    const made: Order = {
      key: freshKey(),
      kind: this.kind,
      path: this.getAttribute("path") ?? "",
      name: [this.getAttribute("name"), about].filter(Boolean).join(" · "),
      site: this.getAttribute("site") ?? "",
      after: "",
      body,
      photo: null,
      fault: "",
    };
    return this.editing ? { ...made, number: this.editing.number } : made;
  }

  /** A changed order has a key of its own; what waits for the one before waits for it now. */
  private async repoint(key: string): Promise<void> {
    if (!this.editing) return;
    for (const each of await orders()) {
      if (each.after === this.editing.key) await keep({ ...each, after: key });
    }
  }

  private photoOf(install: Order, picture: Blob): Order {
    const name = `📷 ${install.name}`;
    const made = { ...install, key: freshKey(), kind: "photo" as const, after: install.key, photo: picture, body: {}, name };
    delete made.number;
    return made;
  }

  private leave(code: string): void {
    const tail = { install: "?frame=1#frame", replace: "?frame=1#frame", retire: "?done=retire", photo: "?done=photo" };
    location.assign(`${this.getAttribute("back")}${encodeURIComponent(code)}${tail[this.kind]}`);
  }

  private done(form: HTMLFormElement, text: string): void {
    form.reset();
    this.editing = undefined;
    this.say(text);
    this.said.scrollIntoView({ block: "nearest" });
  }

  private say(text: string): void {
    this.said.textContent = text;
    this.said.hidden = !text;
  }

  private async fill(): Promise<void> {
    const number = Number(new URLSearchParams(location.search).get("order"));
    const order = number ? (await orders()).find((each) => each.number === number) : undefined;
    if (!order || order.kind !== this.kind) return;
    this.editing = order;
    const form = this.querySelector("form");
    for (const [name, value] of Object.entries(order.body)) {
      const field = form?.elements.namedItem(name);
      if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement || field instanceof HTMLTextAreaElement) {
        field.value = String(value);
      }
    }
    this.closest("details")?.setAttribute("open", "");
    if (order.fault) this.say(`${this.labels["refused"] ?? ""} ${order.fault}`);
  }
}

