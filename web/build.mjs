// Builds web/dist: scripts and styles under names that carry their hash (served as immutable), pages that point at them,
// and a compressed twin of each file.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
const pages = ["watch"];

await rm(dist, { recursive: true, force: true });
await mkdir(join(dist, "assets"), { recursive: true });

const result = await build({
  absWorkingDir: here,
  entryPoints: pages.map((page) => ({ in: `src/${page}/main.ts`, out: page })),
  outdir: "dist/assets",
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".svg": "file" },
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2020",
  minify: true,
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
});

const files = Object.entries(result.metafile.outputs);
for (const page of pages) {
  const [script, output] = files.find(([, made]) => made.entryPoint === `src/${page}/main.ts`) ?? [];
  if (script === undefined || output === undefined) {
    throw new Error(`No script was built for ${page}.`);
  }

  const icon = await readFile(join(here, `src/${page}/icon.svg`));
  const iconName = `icon-${createHash("sha256").update(icon).digest("hex").slice(0, 8)}.svg`;
  await writeFile(join(dist, "assets", iconName), icon);

  const html = (await readFile(join(here, `src/${page}/${page}.html`), "utf8"))
    .replaceAll("{{script}}", basename(script))
    .replaceAll("{{style}}", basename(output.cssBundle ?? ""))
    .replaceAll("{{icon}}", iconName);
  await writeFile(join(dist, `${page}.html`), html);
}

// The licences of what is bundled travel with it.
const licence = await readFile(join(here, "node_modules/hls.js/LICENSE"), "utf8");
await writeFile(join(dist, "assets", "licences.txt"), `hls.js\n\n${licence}`);

let summary = "";
for (const [path, output] of files) {
  const bytes = await readFile(join(here, path));
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  const gzip = gzipSync(bytes, { level: 9 });
  await writeFile(join(here, `${path}.br`), brotli);
  await writeFile(join(here, `${path}.gz`), gzip);
  const kB = (count) => (count / 1000).toFixed(1).padStart(7);
  summary += `${basename(path).padEnd(28)} ${kB(output.bytes)} kB, gzip ${kB(gzip.length)} kB, brotli ${kB(brotli.length)} kB\n`;
}

process.stdout.write(summary);
