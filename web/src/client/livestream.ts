import { type WatchAddress, livePath } from "./address";

export type StreamState = "waiting" | "live" | "interrupted" | "ended";

/** How a livestream stands. */
export interface LivestreamStatus {
  readonly state: StreamState;
  readonly name: string | null;
  readonly viewers: number;
  readonly startedAt: Date | null;
}

export type StatusAnswer =
  | { kind: "found"; status: LivestreamStatus }
  | { kind: "notFound" }
  | { kind: "notAllowed" }
  /** Nobody answered, or what answered was not the server (a proxy's error page, say). */
  | { kind: "unreachable" };

/** A viewer that may send heartbeats. */
export interface ViewerTicket {
  readonly viewer: string;
  readonly token: string;
  readonly intervalMs: number;
}

export type ViewerPlayback = "playing" | "paused" | "stalled";

/** One heartbeat. */
export interface HeartbeatReport {
  readonly playback: ViewerPlayback;
  readonly player: string;
  readonly latencyMs: number | null;
}

export type HeartbeatAnswer =
  | { kind: "taken"; intervalMs: number; state: StreamState | null; viewers: number | null }
  /** The ticket is no longer good: a new one is needed. */
  | { kind: "refused" }
  | { kind: "failed" };

/** What the page asks of the server. */
export interface LivestreamClient {
  getStatus(): Promise<StatusAnswer>;
  addViewer(): Promise<ViewerTicket | null>;
  /** @param number counts the viewer's heartbeats and goodbyes, so that those which come late change nothing. */
  beat(ticket: ViewerTicket, report: HeartbeatReport, number: number): Promise<HeartbeatAnswer>;
  /** Says goodbye even while the page is being closed. */
  leave(ticket: ViewerTicket, number: number): void;
}

const answerWithinMs = 8_000;
const shortestIntervalMs = 1_000;

/** The client over HTTP. */
export class HttpLivestreamClient implements LivestreamClient {
  readonly #prefix: string;
  readonly #fetch: typeof fetch;
  readonly #beacon: (url: string, body: string) => boolean;

  constructor(address: WatchAddress, fetchWith: typeof fetch, beacon: (url: string, body: string) => boolean) {
    this.#prefix = livePath(address);
    this.#fetch = fetchWith;
    this.#beacon = beacon;
  }

  async getStatus(): Promise<StatusAnswer> {
    const response = await this.#ask("/status", { cache: "no-store" });
    switch (response?.status) {
      case 200: {
        const status = readStatus(await readJson(response));
        return status === null ? { kind: "unreachable" } : { kind: "found", status };
      }
      case 404:
        return { kind: "notFound" };
      case 403:
        return { kind: "notAllowed" };
      default:
        return { kind: "unreachable" };
    }
  }

  async addViewer(): Promise<ViewerTicket | null> {
    const response = await this.#ask("/viewers", { method: "POST" });
    return response?.status === 201 ? readTicket(await readJson(response)) : null;
  }

  async beat(ticket: ViewerTicket, report: HeartbeatReport, number: number): Promise<HeartbeatAnswer> {
    const response = await this.#ask(`/viewers/${ticket.viewer}/heartbeat`, {
      method: "POST",
      body: JSON.stringify({
        token: ticket.token,
        state: report.playback,
        player: report.player,
        ...(report.latencyMs === null ? {} : { latency_ms: Math.round(report.latencyMs) }),
        number,
      }),
      // Text is what needs no preflight when a page of another origin does the same.
      headers: { "content-type": "text/plain" },
    });
    if (response?.status === 200) {
      return readHeartbeat(await readJson(response), ticket.intervalMs);
    }

    return { kind: response?.status === 403 || response?.status === 404 ? "refused" : "failed" };
  }

  leave(ticket: ViewerTicket, number: number): void {
    this.#beacon(`${this.#prefix}/viewers/${ticket.viewer}/leave`, JSON.stringify({ token: ticket.token, number }));
  }

  async #ask(path: string, init: RequestInit): Promise<Response | null> {
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), answerWithinMs);
    try {
      return await this.#fetch(this.#prefix + path, { ...init, signal: giveUp.signal, credentials: "omit" });
    } catch {
      return null; // No network, no server, or no answer in time: the caller treats them alike.
    } finally {
      clearTimeout(timer);
    }
  }
}

async function readJson(response: Response): Promise<Record<string, unknown>> {
  try {
    const value: unknown = await response.json();
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function readState(value: unknown): StreamState | null {
  return value === "waiting" || value === "live" || value === "interrupted" || value === "ended" ? value : null;
}

function readCount(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? Math.floor(value) : null;
}

/** Reads a status message; null when it is none. */
export function readStatus(message: Record<string, unknown>): LivestreamStatus | null {
  const state = readState(message["state"]);
  if (state === null) {
    return null;
  }

  const name = message["name"];
  const startedAt = typeof message["started_at"] === "string" ? new Date(message["started_at"]) : null;
  return {
    state,
    name: typeof name === "string" && name.trim() !== "" ? name : null,
    viewers: readCount(message["viewers"]) ?? 0,
    startedAt: startedAt !== null && !Number.isNaN(startedAt.getTime()) ? startedAt : null,
  };
}

function readIntervalMs(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) && value > 0
    ? Math.max(shortestIntervalMs, value * 1_000)
    : null;
}

function readTicket(message: Record<string, unknown>): ViewerTicket | null {
  const { viewer, token } = message;
  const intervalMs = readIntervalMs(message["interval_seconds"]);
  return typeof viewer === "string" && typeof token === "string" && intervalMs !== null ? { viewer, token, intervalMs } : null;
}

function readHeartbeat(message: Record<string, unknown>, intervalMs: number): HeartbeatAnswer {
  return {
    kind: "taken",
    intervalMs: readIntervalMs(message["interval_seconds"]) ?? intervalMs,
    state: readState(message["state"]),
    viewers: readCount(message["viewers"]),
  };
}
