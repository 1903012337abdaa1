// Lets Lighthouse judge the pages of a running city: one line of JSON per page, device and category.
//
//   node lighthouse.mjs http://127.0.0.1:8000 [--runs 3] [--pages /fr/,/fr/health] [--devices phone,desktop]
//        [--categories performance,accessibility,best-practices,seo]
//
// Chromium is the one CHROME_PATH names. Performance depends on the machine's other work: run it several times.
import { parseArgs } from "node:util";
import * as chromeLauncher from "chrome-launcher";
import lighthouse, { desktopConfig } from "lighthouse";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "3" },
    pages: { type: "string", default: "/fr/,/fr/places/rotonde,/fr/health" },
    devices: { type: "string", default: "phone,desktop" },
    categories: { type: "string", default: "performance,accessibility,best-practices,seo" },
  },
});
const [base] = positionals;
const onlyCategories = values.categories.split(",");
const chromeFlags = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** One run in a Chromium of its own: what an earlier page left running must not weigh on the next. */
async function judge(address, device, attempts = 4) {
  const chrome = await chromeLauncher.launch({ chromePath: process.env.CHROME_PATH ?? "/usr/bin/chromium", chromeFlags });
  try {
    const flags = { port: chrome.port, onlyCategories, logLevel: "error" };
    const { lhr } = await lighthouse(address, flags, device === "desktop" ? desktopConfig : undefined);
    if (!lhr.runtimeError) return lhr.categories;
    // A trace without its beginning is a known failure of the recording, not of the page: "please run again".
    if (lhr.runtimeError.code !== "NO_NAVSTART" || attempts <= 1) throw new Error(`${address}: ${lhr.runtimeError.message}`);
  } finally {
    chrome.kill();
  }
  return judge(address, device, attempts - 1);
}

for (const page of values.pages.split(",")) {
  for (const device of values.devices.split(",")) {
    const runs = [];
    for (let run = 0; run < Number(values.runs); run += 1) runs.push(await judge(base + page, device));
    for (const category of onlyCategories) {
      const scores = runs.map((categories) => Math.round(categories[category].score * 100));
      console.log(JSON.stringify({ category, page, device, scores }));
    }
  }
}
