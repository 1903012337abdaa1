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
const chrome = await chromeLauncher.launch({
  chromePath: process.env.CHROME_PATH ?? "/usr/bin/chromium",
  chromeFlags: [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
try {
  for (const page of values.pages.split(",")) {
    for (const device of values.devices.split(",")) {
      const scores = Object.fromEntries(onlyCategories.map((category) => [category, []]));
      for (let run = 0; run < Number(values.runs); run += 1) {
        const flags = { port: chrome.port, onlyCategories, logLevel: "error" };
        const { lhr } = await lighthouse(base + page, flags, device === "desktop" ? desktopConfig : undefined);
        for (const category of onlyCategories) scores[category].push(Math.round(lhr.categories[category].score * 100));
      }
      for (const category of onlyCategories) {
        console.log(JSON.stringify({ category, page, device, scores: scores[category] }));
      }
    }
  }
} finally {
  chrome.kill();
}
