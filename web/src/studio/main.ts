import "./studio.css";
import { basePathOf } from "../meeting/address";
import { type Credentials, type MeetingKind, StudioClient, StudioError, isComplete, meetLink, meetingKinds, readCredentials } from "../client/studio";
import { element, make, makeButton, setText, show } from "../ui/elements";

const storageKey = "roomcast.studio";
const secureBase = document.querySelector<HTMLMetaElement>('meta[name="secure-base"]')?.content ?? "";
const base = basePathOf(location.pathname);
// A meeting wants TLS whatever the studio itself was opened by.
const meetOrigin = location.protocol === "https:" || secureBase === "" ? location.origin : secureBase;

const form = element("form", HTMLFormElement);
const access = element("access", HTMLDetailsElement);
const accessWord = element("access-word", HTMLElement);
const file = element("file", HTMLInputElement);
const token = element("token", HTMLInputElement);
const account = element("account", HTMLInputElement);
const app = element("app", HTMLInputElement);
const title = element("title", HTMLInputElement);
const name = element("name", HTMLInputElement);
const kind = element("kind", HTMLSelectElement);
const fault = element("fault", HTMLElement);
const create = element("create", HTMLButtonElement);
const made = element("made", HTMLElement);
const madeTitle = element("made-title", HTMLElement);
const host = element("host", HTMLAnchorElement);
const guest = element("guest", HTMLInputElement);
const copy = element("copy", HTMLButtonElement);
const links = element("links", HTMLElement);
const announcer = element("announcer", HTMLElement);

interface Made {
  readonly meetingId: string;
  readonly kind: MeetingKind;
}

let current: Made | null = null;

function credentials(): Credentials {
  return { accountId: account.value.trim(), appId: app.value.trim(), apiToken: token.value.trim() };
}

function fill({ accountId, appId, apiToken }: Credentials): void {
  account.value = accountId;
  app.value = appId;
  token.value = apiToken;
  remember();
}

/** Kept for this tab only, so that a reload need not ask again. */
function remember(): void {
  const known = credentials();
  sessionStorage.setItem(storageKey, JSON.stringify({ account_id: known.accountId, app_id: known.appId, api_token: known.apiToken }));
  drawAccess();
}

function drawAccess(): void {
  setText(accessWord, isComplete(credentials()) ? "ready" : "needed");
}

function client(): StudioClient {
  return new StudioClient(base, credentials(), fetch.bind(window));
}

function say(text: string): void {
  setText(announcer, announcer.textContent === text ? `${text}\u00a0` : text);
}

function showFault(error: unknown): void {
  const isRefused = error instanceof StudioError && (error.fault === "refused" || error.fault === "notFound");
  setText(
    fault,
    isRefused
      ? "The server does not accept this access. Check the API token, the account and the app."
      : error instanceof StudioError && error.fault === "unreachable"
        ? "The server cannot be reached. Check your connection and try again."
        : error instanceof Error
          ? error.message
          : "That did not work.",
  );
  show(fault, true);
  if (isRefused) {
    access.open = true;
    token.focus();
  }
}

/** A closed part cannot take the focus that the browser's own check wants to give it. */
create.addEventListener("click", () => {
  if (!isComplete(credentials())) {
    access.open = true;
  }
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void createMeeting();
});

async function createMeeting(): Promise<void> {
  const chosen = meetingKinds.find(({ id }) => id === kind.value) ?? meetingKinds[0];
  if (chosen === undefined) {
    return;
  }

  show(fault, false);
  create.disabled = true;
  setText(create, "Making it\u2026");
  try {
    remember();
    const meetingId = await client().createMeeting(title.value.trim());
    const hostToken = await client().addParticipant(meetingId, name.value.trim(), chosen.hostPreset);
    current = { meetingId, kind: chosen };
    host.href = meetLink(meetOrigin, base, hostToken);
    setText(madeTitle, title.value.trim());
    links.replaceChildren();
    show(form, false);
    show(made, true);
    say("The meeting is ready");
    host.focus();
  } catch (error) {
    showFault(error);
    made.before(fault);
  } finally {
    create.disabled = false;
    setText(create, "Make a meeting");
  }
}

async function copyGuestLink(): Promise<void> {
  if (current === null) {
    return;
  }

  show(fault, false);
  copy.disabled = true;
  try {
    const guestName = guest.value.trim() || "Guest";
    const link = meetLink(meetOrigin, base, await client().addParticipant(current.meetingId, guestName, current.kind.guestPreset));
    addLink(guestName, link);
    await copyText(link);
  } catch (error) {
    made.after(fault);
    showFault(error);
  } finally {
    copy.disabled = false;
  }
}

function addLink(guestName: string, link: string): void {
  const address = make("a", "", `${guestName}: ${link}`);
  address.href = link;
  address.target = "_blank";
  address.rel = "noopener";
  links.prepend(make("li", "", address, makeButton("button small", () => void copyText(link), "Copy")));
}

async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say("Link copied");
    setText(copy, "Link copied");
  } catch {
    // Without a clipboard the link can still be copied from the list.
    say("The link is in the list");
    setText(copy, "Link is below");
  }

  setTimeout(() => setText(copy, "Copy guest link"), 2_000);
}

copy.addEventListener("click", () => void copyGuestLink());
element("another", HTMLButtonElement).addEventListener("click", () => {
  current = null;
  show(made, false);
  show(form, true);
  create.before(fault);
  title.focus();
});
file.addEventListener("change", () => {
  const chosen = file.files?.[0];
  file.value = "";
  void chosen?.text().then((text) => take(readCredentials(text)));
});
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  void event.dataTransfer?.files[0]?.text().then((text) => take(readCredentials(text)));
});
for (const input of [token, account, app]) {
  input.addEventListener("change", remember);
}

// The whole file may be pasted into any of its fields.
for (const input of [token, account, app]) {
  input.addEventListener("paste", (event) => {
    const read = readCredentials(event.clipboardData?.getData("text") ?? "");
    if (read !== null) {
      event.preventDefault();
      take(read);
    }
  });
}

function take(read: Credentials | null): void {
  if (read === null) {
    setText(fault, "This file holds no credentials. It is data/credentials.json in the folder of the server.");
    show(fault, true);
    return;
  }

  show(fault, false);
  fill(read);
  access.open = false;
  say("Access is ready");
  create.focus();
}

kind.append(...meetingKinds.map(({ id, label }) => new Option(label, id)));
const known = readCredentials(sessionStorage.getItem(storageKey) ?? "");
if (known !== null) {
  fill(known);
}

access.open = known === null;
drawAccess();
