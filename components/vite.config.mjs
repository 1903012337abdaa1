// Builds the elements and styles into the Python package, each file under a name that carries its hash, so that it can
// be cached for ever, with a brotli and a gzip twin, so that no server has to compress it again.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { defineConfig } from "vite";

const OUT = "../src/placette/web/static";
const TEXT = /\.(m?js|css|svg|json)$/;
const WORTH_IT = 512; // below this size the header outweighs what compression saves

const precompressed = {
  name: "precompressed",
  apply: "build",
  async closeBundle() {
    for (const entry of await readdir(OUT, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !TEXT.test(entry.name)) continue;
      const file = join(entry.parentPath, entry.name);
      const content = await readFile(file);
      if (content.length < WORTH_IT) continue;
      const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
      await writeFile(`${file}.br`, brotliCompressSync(content, quality));
      await writeFile(`${file}.gz`, gzipSync(content, { level: 9 }));
    }
  },
};

// The icons are drawn by the server in pages and by the elements on the map: one file for both.
const icons = {
  name: "icons",
  apply: "build",
  async generateBundle() {
    this.emitFile({ type: "asset", fileName: "icons.json", source: await readFile("icons.json", "utf8") });
  },
};

// The worker of the field pages has a name that never changes, and is one classic script: not every browser knows others.
const fieldWorker = {
  name: "field-worker",
  apply: "build",
  async generateBundle() {
    const bundle = await rolldown({ input: "src/field-worker.ts" });
    const { output } = await bundle.generate({ format: "iife", minify: true });
    this.emitFile({ type: "asset", fileName: "field-worker.js", source: output[0].code });
  },
};

// Scripts' licences are gathered by Vite; what only styles name is not, so the font's comes along by hand.
const fontLicence = {
  name: "font-licence",
  apply: "build",
  async generateBundle() {
    const source = await readFile("node_modules/@fontsource-variable/bricolage-grotesque/LICENSE", "utf8");
    this.emitFile({ type: "asset", fileName: "font-licence.txt", source });
  },
};

export default defineConfig({
  base: "/static/",
  publicDir: "public",
  plugins: [icons, fieldWorker, fontLicence, precompressed],
  build: {
    outDir: OUT,
    emptyOutDir: true,
    manifest: "manifest.json",
    license: { fileName: "licences.md" },
    target: ["chrome111", "firefox114", "safari16.4"],
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { site: "src/site.ts", field: "src/field.ts", style: "styles/site.css" },
    },
  },
});
