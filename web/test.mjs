// Runs every src/**/*.test.ts with Node's own test runner, which prints its counts in TAP.
import { build } from "esbuild";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

async function* testsUnder(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      yield* testsUnder(path);
    } else if (entry.name.endsWith(".test.ts")) {
      yield path;
    }
  }
}

const tests = [];
for await (const path of testsUnder(join(here, "src"))) {
  tests.push(path);
}

const out = await mkdtemp(join(here, "node_modules", ".tests-"));
try {
  await build({
    absWorkingDir: here,
    entryPoints: tests,
    outdir: out,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node18",
    sourcemap: "inline",
    logLevel: "warning",
  });
  const built = [];
  for await (const path of filesUnder(out)) {
    built.push(path);
  }

  const run = spawn(
    process.execPath,
    ["--enable-source-maps", "--test", "--test-reporter=tap", ...built.sort()],
    { stdio: "inherit" },
  );
  process.exitCode = await new Promise((resolve) => run.on("exit", (code) => resolve(code ?? 1)));
} finally {
  await rm(out, { recursive: true, force: true });
}

async function* filesUnder(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      yield* filesUnder(path);
    } else if (entry.name.endsWith(".test.mjs")) {
      yield path;
    }
  }
}
