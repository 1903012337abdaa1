/**
 * Orders of the field that wait to be sent, in IndexedDB: the same for pages and for the worker.
 *
 * They are sent in the order in which they were given. Each carries a key made here, so that the server does it once
 * however often it is sent. An order that the server refuses keeps its fault and waits for somebody to mend it; those of
 * the same site that come after it wait with it.
 */

export type Kind = "install" | "replace" | "retire" | "photo";

export interface Order {
  number?: number;
  key: string;
  kind: Kind;
  path: string;
  /** What it is about, for people. */
  name: string;
  /** The site, empty as long as the server has not named it. */
  site: string;
  /** The key of the installation that has to come first. */
  after: string;
  body: Record<string, string>;
  photo: Blob | null;
  fault: string;
  /** The language of the fault. */
  lang?: string;
}

export interface Sent {
  sent: number;
  waiting: number;
  /** Why sending ended before all was sent. */
  stopped: "" | "offline" | "signed-out" | "busy";
}

type Syncing = ServiceWorkerRegistration & { sync?: { register(tag: string): Promise<void> } };

export const CHANGED = "placette-orders";
/** In localStorage, so that leaving can ask without waiting. */
export const WAITING = "placette-waiting";
const DATABASE = "placette-field";
const ORDERS = "orders";
/** The sites that the server named, by the key of the installation: the worker may have sent what a page waits for. */
const SITES = "sites";

/** A key that nobody else makes; `randomUUID` needs a secure connection, this does not. */
export function freshKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** All orders that wait, the oldest first. */
export function orders(): Promise<Order[]> {
  return within("readonly", (store) => store.getAll() as IDBRequest<Order[]>);
}

/** Keep a new order, or a changed one in its place in the queue. */
export async function keep(order: Order): Promise<void> {
  await within("readwrite", (store) => store.put(order));
  await tell();
}

/** Forget an order, and those that can only come after it. */
export async function forget(order: Order): Promise<void> {
  const gone = (await orders()).filter((each) => each.number === order.number || (each.after && each.after === order.key));
  for (const each of gone) await within("readwrite", (store) => store.delete(each.number!));
  await tell();
}

/** The site that the server named for an installation that was sent; it is told once. */
export async function siteOf(key: string): Promise<string> {
  const found = await within("readonly", (store) => store.get(key) as IDBRequest<{ code: string } | undefined>, SITES);
  await within("readwrite", (store) => store.delete(key), SITES);
  return found?.code ?? "";
}

/** Send what waits. One page or worker sends at a time; without a network the worker is asked to do it later. */
export async function send(): Promise<Sent> {
  const done = await (navigator.locks ? navigator.locks.request(CHANGED, sendAll) : sendAll());
  if (done.stopped === "offline") await sendLater();
  return done;
}

/** Where the browser can, the worker sends what waits when the network is back, though the page is closed. */
async function sendLater(): Promise<void> {
  const registration = (await navigator.serviceWorker?.getRegistration()) as Syncing | undefined;
  await registration?.sync?.register(CHANGED).catch(() => undefined);
}

async function sendAll(): Promise<Sent> {
  const done: Sent = { sent: 0, waiting: 0, stopped: "" };
  let changed = false;
  const heldSites = new Set<string>();
  const heldKeys = new Set<string>();
  for (const { number } of await orders()) {
    const order = await within("readonly", (store) => store.get(number!) as IDBRequest<Order | undefined>);
    if (!order) continue;
    if (order.fault || heldSites.has(order.site) || heldKeys.has(order.after)) {
      hold(order, heldSites, heldKeys);
      continue;
    }
    const stopped = await sendOne(order, done);
    changed ||= !stopped || stopped === "fault";
    if (stopped === "fault") hold(order, heldSites, heldKeys);
    else if (stopped) {
      done.stopped = stopped;
      break;
    }
  }
  done.waiting = (await orders()).length;
  if (changed) await tell();
  return done;
}

function hold(order: Order, sites: Set<string>, keys: Set<string>): void {
  if (order.site) sites.add(order.site);
  keys.add(order.key);
}

async function sendOne(order: Order, done: Sent): Promise<"" | "fault" | "offline" | "signed-out" | "busy"> {
  let answer: Response;
  try {
    answer = await fetch(order.path, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Idempotency-Key": order.key, "Content-Type": order.photo ? order.photo.type : "application/json" },
      body: order.photo ?? JSON.stringify(order.body),
    });
  } catch {
    return "offline";
  }
  if (answer.status === 401 || answer.status === 403) return "signed-out";
  if (answer.status >= 500 || answer.status === 429) return "busy";
  if (!answer.ok) {
    const said = (await answer.json().catch(() => ({}))) as { what?: string; remedy?: string };
    const told = said.what ? await inOurLanguage(said.what, said.remedy ?? "") : { fault: `HTTP ${answer.status}` };
    await within("readwrite", (store) => store.put({ ...order, ...told }));
    return "fault";
  }
  const said = (await answer.json()) as { code?: string };
  if (order.kind === "install" && said.code) await follow(order.key, said.code);
  await within("readwrite", (store) => store.delete(order.number!));
  done.sent += 1;
  return "";
}

/** The fault in the language of the pages, which the API does not speak. */
async function inOurLanguage(what: string, remedy: string): Promise<{ fault: string; lang: string }> {
  const scope = (globalThis as { registration?: ServiceWorkerRegistration }).registration?.scope;
  const language = new URL(scope ?? location.href).pathname.split("/")[1];
  try {
    const answer = await fetch(`/${language}/field/told?${new URLSearchParams({ what, remedy })}`);
    const lang = answer.headers.get("Content-Language");
    if (answer.ok && lang) return { fault: await answer.text(), lang };
  } catch {
    // the network has gone just now: as the API said it
  }
  return { fault: [what, remedy].filter(Boolean).join(" — "), lang: "en" };
}

/** Now that the server has named the site, tell those that wait for it. */
async function follow(key: string, code: string): Promise<void> {
  await within("readwrite", (store) => store.put({ key, code }), SITES);
  for (const each of await orders()) {
    if (each.after !== key) continue;
    const path = `/api/sites/${encodeURIComponent(code)}/photos`;
    await within("readwrite", (store) => store.put({ ...each, after: "", site: code, path }));
  }
}

async function tell(): Promise<void> {
  const count = (await orders()).length;
  if (typeof localStorage !== "undefined") localStorage.setItem(WAITING, String(count));
  const channel = new BroadcastChannel(CHANGED);
  channel.postMessage(count);
  channel.close();
}

let opening: Promise<IDBDatabase> | undefined;

async function within<T>(
  mode: IDBTransactionMode,
  act: (store: IDBObjectStore) => IDBRequest<T>,
  name = ORDERS,
): Promise<T> {
  opening ??= open();
  const database = await opening;
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(name, mode);
    const request = act(transaction.objectStore(name));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? request.error);
  });
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(ORDERS, { keyPath: "number", autoIncrement: true });
      request.result.createObjectStore(SITES, { keyPath: "key" });
    };
    request.onsuccess = () => {
      // Signing out deletes the database: let go of it, and open it anew when it is wanted again.
      request.result.onversionchange = () => {
        request.result.close();
        opening = undefined;
      };
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
  });
}
