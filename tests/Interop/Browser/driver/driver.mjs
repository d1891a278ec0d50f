// Drives Chromium for the tests: reads one JSON request per line from standard input and writes one JSON answer per line.
// A request is {id, act, page?, …}; an answer {id, value} or {id, error}.
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

// home: the folder that holds what the browser trusts; without one, pages may have any certificate.
const { executablePath, args, home } = JSON.parse(process.argv[2]);

const browser = await chromium.launch({
  executablePath,
  headless: true,
  args,
  env: home ? { ...process.env, HOME: home, XDG_DATA_HOME: `${home}/.local/share` } : process.env,
});
const pages = new Map();
const devtools = new Map();
const complaints = new Map();
const faults = new Map();
let nextPage = 1;

// Playwright's own evaluate counts as a touch of the user, and a page that was touched may play sound: what a browser
// forbids to an untouched page could not be seen that way.
async function evaluate(page, script) {
  const { result, exceptionDetails } = await devtools
    .get(page)
    .send("Runtime.evaluate", { expression: script, awaitPromise: true, returnByValue: true, userGesture: false });
  if (exceptionDetails !== undefined) {
    throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  }

  return result.value;
}

// Gives a page its number.
async function take(page) {
  const name = nextPage++;
  pages.set(name, page);
  complaints.set(name, []);
  faults.set(name, []);
  page.on("pageerror", (error) => {
    complaints.get(name).push(String(error));
    faults.get(name).push(`exception: ${error}`);
  });
  page.on("console", (message) => {
    if (message.type() === "error") {
      complaints.get(name).push(message.text());
    }

    // What the browser says of a request is told with its address below.
    if (["error", "warning"].includes(message.type()) && !message.text().startsWith("Failed to load resource")) {
      faults.get(name).push(`${message.type()}: ${message.text()}`);
    }
  });
  const addressOf = (request) => `${request.method()} ${request.url().split("?")[0]}`;
  page.on("requestfailed", (request) => faults.get(name).push(`request: ${addressOf(request)} ${request.failure()?.errorText}`));
  page.on("response", (response) => {
    if (response.status() >= 400) {
      faults.get(name).push(`request: ${addressOf(response.request())} ${response.status()}`);
    }
  });
  devtools.set(name, await page.context().newCDPSession(page));
  return name;
}

// What the page's picture does, for the message of a wait that failed.
const pictureState = `(() => {
  const video = document.querySelector("video");
  if (video === null) {
    return "no video";
  }

  const { currentTime, duration, paused, ended, muted, seeking, readyState, networkState, error } = video;
  return JSON.stringify({ currentTime, duration, paused, ended, muted, seeking, readyState, networkState, error: error?.message,
    buffered: Array.from({ length: video.buffered.length }, (_, at) => [video.buffered.start(at), video.buffered.end(at)]),
    stage: document.getElementById("player")?.dataset.stage });
})()`;

const acts = {
  // files: what is answered from a file instead of from the network, by address.
  async open({ url, width, height, touch, script, files }) {
    const context = await browser.newContext({
      viewport: { width, height },
      hasTouch: touch,
      isMobile: touch,
      ignoreHTTPSErrors: !home,
    });
    context.setDefaultTimeout(60_000);
    // Of the whole context, so that it runs in the pages as well that this one opens.
    if (script) {
      await context.addInitScript({ content: script });
    }

    const page = await context.newPage();
    const name = await take(page);

    for (const [address, path] of Object.entries(files ?? {})) {
      await page.route(address, (route) => route.fulfill({ path }));
    }

    await page.goto(url, { waitUntil: "domcontentloaded" });
    return name;
  },
  async evaluate({ page, script }) {
    return await evaluate(page, script);
  },
  async wait({ page, script, timeoutMs }) {
    // Asked from outside again and again: the page's own content policy forbids what playwright would do inside.
    for (const end = Date.now() + timeoutMs; !(await evaluate(page, script)); ) {
      if (Date.now() > end) {
        throw new Error(`Not true within ${timeoutMs} ms: ${script}. The picture: ${await evaluate(page, pictureState)}`);
      }

      await new Promise((resolve) => setTimeout(resolve, 50));
    }

    return null;
  },
  async screenshot({ page, path }) {
    await pages.get(page).screenshot({ path });
    return null;
  },
  async press({ page, key }) {
    await pages.get(page).keyboard.press(key);
    return null;
  },
  async click({ page, selector }) {
    await pages.get(page).click(selector);
    return null;
  },
  // Clicks what opens a tab of its own; answers the tab.
  async follow({ page, selector }) {
    const [opened] = await Promise.all([pages.get(page).waitForEvent("popup"), pages.get(page).click(selector)]);
    // A tab begins empty, and empty it is loaded too.
    await opened.waitForURL((address) => address.protocol !== "about:", { waitUntil: "domcontentloaded" });
    return await take(opened);
  },
  async fill({ page, selector, text }) {
    await pages.get(page).fill(selector, text);
    return null;
  },
  async choose({ page, selector, value }) {
    await pages.get(page).selectOption(selector, value);
    return null;
  },
  async attach({ page, selector, path }) {
    await pages.get(page).setInputFiles(selector, path);
    return null;
  },
  async resize({ page, width, height }) {
    await pages.get(page).setViewportSize({ width, height });
    return null;
  },
  async tap({ page, selector }) {
    await pages.get(page).tap(selector);
    return null;
  },
  async move({ page, x, y }) {
    await pages.get(page).mouse.move(x, y);
    return null;
  },
  async media({ page, features }) {
    await pages.get(page).emulateMedia(features);
    return null;
  },
  async reload({ page }) {
    await pages.get(page).reload({ waitUntil: "domcontentloaded" });
    return null;
  },
  async complaints({ page }) {
    return complaints.get(page);
  },
  // What went wrong in a page: exceptions, errors and warnings on its console, requests that failed or were refused.
  async faults({ page }) {
    return faults.get(page);
  },
  async accessibility({ page }) {
    return await pages.get(page).locator("body").ariaSnapshot();
  },
  async crash({ page }) {
    const crashing = pages.get(page);
    const crashed = crashing.waitForEvent("crash");
    // The answer dies with the page.
    devtools.get(page).send("Page.crash").catch(() => undefined);
    await crashed;
    await crashing.close().catch(() => undefined);
    pages.delete(page);
    devtools.delete(page);
    return null;
  },
  async close({ page }) {
    // As a person closes a tab: the page may still say goodbye.
    const closing = pages.get(page);
    const closed = closing.isClosed() ? null : closing.waitForEvent("close");
    await closing.close({ runBeforeUnload: true });
    await closed;
    pages.delete(page);
    devtools.delete(page);
    return null;
  },
  async closeAll() {
    await Promise.all(browser.contexts().map((each) => each.close()));
    pages.clear();
    devtools.clear();
    return null;
  },
};

const write = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
write({ id: 0, value: browser.version() });

createInterface({ input: process.stdin })
  .on("line", async (line) => {
    const request = JSON.parse(line);
    try {
      write({ id: request.id, value: (await acts[request.act](request)) ?? null });
    } catch (error) {
      write({ id: request.id, error: error instanceof Error ? error.message : String(error) });
    }
  })
  .on("close", async () => {
    await browser.close().catch(() => undefined);
    process.exit(0);
  });
