import type { Clock, Timer } from "./clock";
import type { HeartbeatAnswer, HeartbeatReport, LivestreamClient, ViewerPlayback, ViewerTicket } from "./livestream";

const retryMs = 4_000;

/** The server wants some seconds between heartbeats; a change of state is told at once, but not more often than this. */
const shortestGapMs = 700;

/**
 * Tells the server that somebody watches: from the first picture, at each change between playing, paused and stalled, once
 * per interval between them, and a goodbye at the end. Without it nothing breaks; the viewer is merely not counted.
 */
export class Heartbeat {
  readonly #client: LivestreamClient;
  readonly #clock: Clock;
  readonly #report: () => HeartbeatReport;
  readonly #answered: (answer: HeartbeatAnswer) => void;
  #ticket: ViewerTicket | null = null;
  #asking = false;
  #lastSent: { at: number; playback: ViewerPlayback } | null = null;
  #dueAt = 0;
  #number = 0;
  #timer: Timer | null = null;
  #runs = false;

  /** @param report asked for what to tell at the moment of each heartbeat. */
  constructor(
    client: LivestreamClient,
    clock: Clock,
    report: () => HeartbeatReport,
    answered: (answer: HeartbeatAnswer) => void,
  ) {
    this.#client = client;
    this.#clock = clock;
    this.#report = report;
    this.#answered = answered;
  }

  /** Gets what heartbeats need, so that the first one is not late. Counts nobody yet. */
  async prepare(): Promise<void> {
    if (this.#ticket === null && !this.#asking) {
      this.#asking = true;
      try {
        this.#ticket = await this.#client.addViewer();
      } finally {
        this.#asking = false;
        this.nudge();
      }
    }
  }

  /** Begins, or goes on after {@link leave}. */
  start(): void {
    if (!this.#runs) {
      this.#runs = true;
      this.#dueAt = this.#clock.now();
      this.nudge();
    }
  }

  /**
   * Sends a heartbeat if one is due or the state has changed. Browsers slow timers down in the background, where a player
   * goes on; so its events call this too.
   */
  nudge(): void {
    if (!this.#runs || this.#asking) {
      return;
    }

    const now = this.#clock.now();
    const last = this.#lastSent;
    const changed = last !== null && last.playback !== this.#report().playback;
    const dueAt = changed ? Math.min(this.#dueAt, last.at + shortestGapMs) : this.#dueAt;
    if (now < dueAt) {
      this.#wakeAt(dueAt);
      return;
    }

    void this.#send();
  }

  /** Says goodbye at once; the page may be closing. */
  leave(): void {
    this.#timer?.cancel();
    if (this.#runs && this.#ticket !== null && this.#lastSent !== null) {
      this.#client.leave(this.#ticket, ++this.#number);
    }

    this.#runs = false;
    this.#lastSent = null;
  }

  async #send(): Promise<void> {
    this.#asking = true;
    try {
      this.#ticket ??= await this.#client.addViewer();
      if (!this.#runs) {
        return;
      }

      if (this.#ticket === null) {
        this.#dueAt = this.#clock.now() + retryMs;
        return;
      }

      const report = this.#report();
      const { intervalMs } = this.#ticket;
      this.#lastSent = { at: this.#clock.now(), playback: report.playback };
      this.#dueAt = this.#lastSent.at + intervalMs;
      const answer = await this.#client.beat(this.#ticket, report, ++this.#number);
      if (answer.kind === "taken") {
        this.#ticket = { ...this.#ticket, intervalMs: answer.intervalMs };
        this.#dueAt = this.#lastSent === null ? this.#dueAt : this.#lastSent.at + answer.intervalMs;
      } else if (answer.kind === "refused") {
        this.#ticket = null;
      }

      this.#answered(answer);
    } finally {
      this.#asking = false;
      if (this.#runs) {
        this.#wakeAt(this.#dueAt);
        this.nudge();
      }
    }
  }

  #wakeAt(at: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(Math.max(0, at - this.#clock.now()), () => this.nudge());
  }
}
