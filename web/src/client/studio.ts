/** What the REST API wants to know of a caller. */
export interface Credentials {
  readonly accountId: string;
  readonly appId: string;
  readonly apiToken: string;
}

/** One kind of meeting, with the presets of who leads it and who comes to it. */
export interface MeetingKind {
  readonly id: string;
  readonly label: string;
  readonly hostPreset: string;
  readonly guestPreset: string;
}

export const meetingKinds: readonly MeetingKind[] = [
  { id: "call", label: "Meeting: everybody sees and hears everybody", hostPreset: "group_call_host", guestPreset: "group_call_participant" },
  { id: "lobby", label: "Meeting with a waiting room: you let each guest in", hostPreset: "group_call_host", guestPreset: "group_call_guest" },
  { id: "webinar", label: "Webinar: guests watch, and may ask to come on stage", hostPreset: "webinar_presenter", guestPreset: "webinar_viewer" },
];

/** Why the API did not do what it was asked. */
export class StudioError extends Error {
  constructor(
    readonly fault: "refused" | "notFound" | "unreachable" | "other",
    message: string,
  ) {
    super(message);
  }
}

/** Reads `data/credentials.json`, which the server writes at its first start; null when the text is not that. */
export function readCredentials(text: string): Credentials | null {
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read !== "object" || read === null) {
      return null;
    }

    const value = (name: string) => {
      const found: unknown = (read as Record<string, unknown>)[name];
      return typeof found === "string" ? found.trim() : "";
    };
    const credentials = { accountId: value("account_id"), appId: value("app_id"), apiToken: value("api_token") };
    return isComplete(credentials) ? credentials : null;
  } catch {
    return null;
  }
}

export function isComplete({ accountId, appId, apiToken }: Credentials): boolean {
  return accountId !== "" && appId !== "" && apiToken !== "";
}

type Fetch = (url: string, init: RequestInit) => Promise<Pick<Response, "ok" | "status" | "json">>;

/** Makes meetings over the REST API. */
export class StudioClient {
  readonly #base: string;
  readonly #credentials: Credentials;
  readonly #fetch: Fetch;

  /** @param base under which path of the host the product stands. */
  constructor(base: string, credentials: Credentials, fetch: Fetch) {
    this.#base = base;
    this.#credentials = credentials;
    this.#fetch = fetch;
  }

  /** @returns the id of the new meeting. */
  async createMeeting(title: string): Promise<string> {
    return this.#post("/meetings", { title }, "id");
  }

  /** @returns the token of the new participant. */
  async addParticipant(meetingId: string, name: string, preset: string): Promise<string> {
    return this.#post(
      `/meetings/${encodeURIComponent(meetingId)}/participants`,
      { name, preset_name: preset, custom_participant_id: crypto.randomUUID() },
      "token",
    );
  }

  async #post(path: string, body: object, wanted: string): Promise<string> {
    const { accountId, appId, apiToken } = this.#credentials;
    const url = `${this.#base}/client/v4/accounts/${encodeURIComponent(accountId)}/realtime/kit/${encodeURIComponent(appId)}${path}`;
    let answer: Pick<Response, "ok" | "status" | "json">;
    let read: unknown;
    try {
      answer = await this.#fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${apiToken}` },
        body: JSON.stringify(body),
      });
      read = await answer.json();
    } catch {
      throw new StudioError("unreachable", "The server did not answer.");
    }

    if (!answer.ok) {
      const fault = answer.status === 401 || answer.status === 403 ? "refused" : answer.status === 404 ? "notFound" : "other";
      throw new StudioError(fault, messageOf(read) ?? `The server answered ${answer.status}.`);
    }

    const found = member(member(read, "data"), wanted);
    if (typeof found !== "string") {
      throw new StudioError("other", "The server's answer was not understood.");
    }

    return found;
  }
}

function messageOf(answer: unknown): string | null {
  const message = member(member(answer, "error"), "message");
  return typeof message === "string" && message !== "" ? message : null;
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** The address at which a participant joins. */
export function meetLink(origin: string, base: string, token: string): string {
  return `${origin}${base}/meet?token=${encodeURIComponent(token)}`;
}
