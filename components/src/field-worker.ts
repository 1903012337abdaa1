/**
 * The worker of the field pages, limited to `/{language}/field`: keeps these pages and their files for when there is no
 * network, and sends the orders that wait when it is back. Pages are asked for with `Placette-Keep: 1`, and then carry
 * nothing about persons. A page is always asked of the network first.
 */
import { CHANGED, send } from "./field/queue";

interface WorkerEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends WorkerEvent {
  request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface SyncEvent extends WorkerEvent {
  tag: string;
}
interface Keep {
  pages: string[];
  files: string[];
}

const worker = self as unknown as EventTarget & { skipWaiting(): Promise<void>; clients: { claim(): Promise<void> } };
const PAGES = "placette-field-pages";
const FILES = "placette-field-files";
const PATIENCE_MS = 8_000;
const FRESH_MS = 300_000;
const FIELD = /^\/[a-z]{2}\/field(\/|$)/;

worker.addEventListener("install", (event) => (event as WorkerEvent).waitUntil(worker.skipWaiting()));
worker.addEventListener("activate", (event) => (event as WorkerEvent).waitUntil(worker.clients.claim()));
worker.addEventListener("sync", (event) => {
  if ((event as SyncEvent).tag === CHANGED) (event as SyncEvent).waitUntil(sendNow());
});
worker.addEventListener("message", (event) => {
  (event as unknown as WorkerEvent).waitUntil(keepAll((event as MessageEvent<Keep>).data));
});
worker.addEventListener("fetch", (event) => {
  const { request } = event as FetchEvent;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith("/static/")) (event as FetchEvent).respondWith(file(request));
  else if (request.mode === "navigate" && FIELD.test(url.pathname)) (event as FetchEvent).respondWith(page(request, url));
});

/** The browser asks again later when this fails. */
async function sendNow(): Promise<void> {
  if ((await send()).stopped === "offline") throw new Error("no network yet");
}

async function keepAll({ pages, files }: Keep): Promise<void> {
  const kept = await caches.open(FILES);
  for (const path of files) if (!(await kept.match(path, { ignoreVary: true }))) await kept.add(path).catch(() => undefined);
  const store = await caches.open(PAGES);
  for (const path of pages) if (!(await isFresh(store, path))) await keepPage(store, path);
}

async function isFresh(store: Cache, path: string): Promise<boolean> {
  const found = await store.match(path, { ignoreVary: true });
  return found !== undefined && Date.now() - Number(found.headers.get("placette-kept-at")) < FRESH_MS;
}

async function keepPage(store: Cache, path: string): Promise<void> {
  if (!FIELD.test(path)) return;
  try {
    const answer = await fetch(path, { headers: { "Placette-Keep": "1" }, redirect: "error" });
    if (!answer.ok) return;
    const headers = new Headers(answer.headers);
    headers.set("placette-kept-at", String(Date.now()));
    headers.delete("content-encoding");
    await store.put(path, new Response(await answer.blob(), { headers }));
  } catch {
    // No network, or signed out meanwhile: what was kept before stays.
  }
}

async function file(request: Request): Promise<Response> {
  const found = await caches.match(request, { ignoreVary: true });
  return found ?? fetch(request);
}

/** A network that is there and answers nothing is none; a page's own request takes no signal. */
function tooLong(): Promise<never> {
  return new Promise((_, reject) => setTimeout(() => reject(new Error("no answer")), PATIENCE_MS));
}

async function page(request: Request, url: URL): Promise<Response> {
  const answer = fetch(request);
  answer.catch(() => undefined);
  try {
    return await Promise.race([answer, tooLong()]);
  } catch {
    const store = await caches.open(PAGES);
    const own = await store.match(url.pathname, { ignoreVary: true });
    return own ?? (await answer.catch((error: unknown) => round(store, url, error)));
  }
}

/** Without network the round stands in for a page that was not kept; a slow server is waited for instead. */
async function round(store: Cache, url: URL, error: unknown): Promise<Response> {
  const found = await store.match(url.pathname.split("/").slice(0, 3).join("/"), { ignoreVary: true });
  if (found) return found;
  throw error;
}
