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
}

export interface Sent {
  /** The sites of the installations that were sent, by the key of their order. */
  sites: Record<string, string>;
  sent: number;
  waiting: number;
  /** Why sending ended before all was sent. */
  stopped: "" | "offline" | "signed-out" | "busy";
}

export const CHANGED = "placette-orders";
/** In localStorage, so that leaving can ask without waiting. */
export const WAITING = "placette-waiting";
const DATABASE = "placette-field";
const ORDERS = "orders";

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

/** Send what waits. One page or worker sends at a time. */
export function send(): Promise<Sent> {
  const locks = (globalThis.navigator as Navigator | undefined)?.locks;
  return locks ? locks.request(CHANGED, sendAll) : sendAll();
}

async function sendAll(): Promise<Sent> {
  const done: Sent = { sites: {}, sent: 0, waiting: 0, stopped: "" };
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
    if (stopped === "fault") hold(order, heldSites, heldKeys);
    else if (stopped) {
      done.stopped = stopped;
      break;
    }
  }
  done.waiting = (await orders()).length;
  await tell();
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
    const fault = [said.what, said.remedy].filter(Boolean).join(" — ") || `HTTP ${answer.status}`;
    await within("readwrite", (store) => store.put({ ...order, fault }));
    return "fault";
  }
  const said = (await answer.json()) as { code?: string };
  await within("readwrite", (store) => store.delete(order.number!));
  done.sent += 1;
  if (order.kind === "install" && said.code) await follow(order.key, said.code, done);
  return "";
}

/** Now that the server has named the site, tell those that wait for it. */
async function follow(key: string, code: string, done: Sent): Promise<void> {
  done.sites[key] = code;
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

async function within<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  opening ??= open();
  const database = await opening;
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(ORDERS, mode);
    const request = act(transaction.objectStore(ORDERS));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? request.error);
  });
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(ORDERS, { keyPath: "number", autoIncrement: true });
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
