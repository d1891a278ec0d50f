// Builds the gallery into the folder that is named: the meeting page with meetings that are made up, to be looked at in every
// state (src/meet/gallery.ts lists them). Nothing of it is part of what the server serves.
import { build } from "esbuild";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "node_modules", ".gallery"));
await mkdir(out, { recursive: true });
await build({
  absWorkingDir: here,
  entryPoints: [{ in: "src/meet/gallery.ts", out: "gallery" }],
  outdir: out,
  bundle: true,
  format: "esm",
  target: "es2020",
  logLevel: "warning",
});
const html = (await readFile(join(here, "src/meet/meet.html"), "utf8"))
  .replaceAll("{{base}}/assets/{{script}}", "gallery.js")
  .replaceAll("{{base}}/assets/{{style}}", "gallery.css")
  .replaceAll("{{base}}/assets/{{icon}}", "icon.svg")
  .replaceAll("{{secure}}", "https://localhost:8443");
await writeFile(join(out, "gallery.html"), html);
await writeFile(join(out, "icon.svg"), await readFile(join(here, "src/meet/icon.svg")));
await writeFile(
  join(out, "harbour.svg"),
  '<svg xmlns="http://www.w3.org/2000/svg" width="320" height="200"><rect width="320" height="200" fill="#35506e"/>' +
    '<circle cx="230" cy="60" r="26" fill="#f6d37a"/><path d="M0 200 90 90l70 70 60-50 100 90z" fill="#17283a"/></svg>',
);
