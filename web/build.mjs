// Builds web/dist: scripts and styles under names that carry their hash (served as immutable), pages that point at them,
// and a compressed twin of each file.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
const pages = ["watch", "meet", "studio", "docs"];

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
  // The meeting client names its surroundings as Node does.
  define: { global: "globalThis" },
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

// The licences of all that is bundled travel with it.
const bundled = new Set(
  Object.keys(result.metafile.inputs)
    .map((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1])
    .filter((name) => name !== undefined),
);
let licences = "";
for (const name of [...bundled].sort()) {
  const folder = join(here, "node_modules", name);
  const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const texts = (await readdir(folder)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file)).sort();
  if (texts.length === 0) {
    throw new Error(`${name} carries no licence to pass on.`);
  }

  for (const file of texts) {
    licences += `${name} ${version}\n\n${(await readFile(join(folder, file), "utf8")).trim()}\n\n\n`;
  }
}

// What the meeting client and the reference's viewer carry within themselves is told by lists of their own.
licences += await readFile(join(here, "node_modules/@cloudflare/realtimekit/dist/dependencies.txt"), "utf8");
licences += `\n\n${await readFile(join(here, "node_modules/swagger-ui-dist/swagger-ui-es-bundle.js.LICENSE.txt"), "utf8")}`;
await writeFile(join(dist, "assets", "licences.txt"), licences);

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
