import type { Clock, Timer } from "../client/clock";
import { Heartbeat } from "../client/heartbeat";
import type { LivestreamClient } from "../client/livestream";
import type { Player, PlayerEvent } from "../player/player";
import { type PlayerChoices, noChoices } from "../player/player";
import {
  type WatchInput,
  type WatchState,
  initialState,
  needsNewPlayer,
  nextStatusMs,
  playerRetryMs,
  update,
  viewerPlaybackOf,
  wantsPlayer,
} from "./watchState";

/** What a session needs from the page around it. */
export interface WatchSurroundings {
  readonly client: LivestreamClient;
  readonly clock: Clock;
  readonly random: () => number;
  /** Makes a player in the page's video element and begins to play. */
  makePlayer(listener: (event: PlayerEvent) => void): Player;
  /** Something is to be drawn anew. */
  changed(): void;
}

/**
 * One viewing of one livestream: asks how the stream stands, makes and drops the player as it comes and goes, and counts
 * the viewer. Knows no browser; the page tells it what the video element does.
 */
export class WatchSession {
  readonly #around: WatchSurroundings;
  readonly #heartbeat: Heartbeat;
  #state: WatchState = initialState;
  #choices: PlayerChoices = noChoices;
  #player: Player | null = null;
  #asking = false;
  #askAgain: Timer | null = null;
  #remake: Timer | null = null;
  #beatsAnswered = false;
  #isClosed = false;
  #isAway = false;

  constructor(around: WatchSurroundings) {
    this.#around = around;
    this.#heartbeat = new Heartbeat(
      around.client,
      around.clock,
      () => ({
        playback: viewerPlaybackOf(this.#state) ?? "stalled",
        player: this.#player?.family ?? "none",
        latencyMs: toMs(this.#player?.snapshot().latency ?? null),
      }),
      (answer) => {
        this.#beatsAnswered = answer.kind === "taken";
        this.#apply({ kind: "heartbeatAnswered", answer });
      },
    );
  }

  get state(): WatchState {
    return this.#state;
  }

  get choices(): PlayerChoices {
    return this.#choices;
  }

  get player(): Player | null {
    return this.#player;
  }

  start(): void {
    void this.#ask();
  }

  /** The video element did something, or the browser forbade it. */
  apply(input: Extract<WatchInput, { kind: "playbackChanged" | "blockedBy" }>): void {
    this.#apply(input);
  }

  /** There is reason to ask at once: the network is back, or the page is looked at again. */
  askNow(): void {
    if (!this.#isClosed) {
      void this.#ask();
    }
  }

  /** The page is being left; it may come back from the browser's memory. */
  leave(): void {
    this.#isAway = true;
    this.#heartbeat.leave();
  }

  /** The page came back. */
  comeBack(): void {
    this.#isAway = false;
    this.#reconcile();
    this.askNow();
  }

  close(): void {
    this.#isClosed = true;
    this.#askAgain?.cancel();
    this.#remake?.cancel();
    this.#heartbeat.leave();
    this.#player?.destroy();
    this.#player = null;
  }

  async #ask(): Promise<void> {
    if (this.#asking) {
      return;
    }

    this.#asking = true;
    this.#askAgain?.cancel();
    try {
      this.#apply({ kind: "statusAnswered", answer: await this.#around.client.getStatus() });
    } finally {
      this.#asking = false;
      this.#planNextAsk();
    }
  }

  #planNextAsk(): void {
    this.#askAgain?.cancel();
    if (!this.#isClosed) {
      const delay = nextStatusMs(this.#state, this.#beatsAnswered, this.#around.random());
      this.#askAgain = this.#around.clock.after(delay, () => void this.#ask());
    }
  }

  #apply(input: WatchInput): void {
    if (this.#isClosed) {
      return;
    }

    const before = this.#state;
    this.#state = update(before, input);
    if (before.playerFault !== null && this.#state.playerFault === null) {
      // There is something else to play: the wait was for what failed.
      this.#remake?.cancel();
      this.#remake = null;
    }

    this.#reconcile();
    // What is known changed: the next question may be due sooner than it was planned.
    if (!this.#asking && (before.status?.state !== this.#state.status?.state || before.playback !== this.#state.playback)) {
      this.#planNextAsk();
    }

    this.#around.changed();
  }

  /** Makes the player and the heartbeats what the state asks for. */
  #reconcile(): void {
    if (this.#player !== null && (!wantsPlayer(this.#state) || needsNewPlayer(this.#state))) {
      this.#drop({ kind: "playerDropped" });
    }

    if (this.#player === null && wantsPlayer(this.#state) && this.#remake === null) {
      this.#make();
    }

    // What happens while the page is torn down takes no goodbye back.
    if (this.#isAway || viewerPlaybackOf(this.#state) === null) {
      this.#heartbeat.leave();
    } else {
      this.#heartbeat.start();
      this.#heartbeat.nudge();
    }
  }

  #make(): void {
    this.#state = update(this.#state, { kind: "playerMade" });
    void this.#heartbeat.prepare();
    // Events of a player that was dropped meanwhile mean nothing any more.
    let made: Player | null = null;
    made = this.#around.makePlayer((event) => {
      if (made === null || made === this.#player) {
        this.#heed(event);
      }
    });
    this.#player = made;
  }

  #drop(input: WatchInput): void {
    const player = this.#player;
    this.#player = null;
    this.#choices = noChoices;
    this.#state = update(this.#state, input);
    player?.destroy();
  }

  #heed(event: PlayerEvent): void {
    switch (event.kind) {
      case "choicesChanged":
        this.#choices = event.choices;
        this.#around.changed();
        break;
      case "progressed":
        this.#heartbeat.nudge();
        break;
      case "ended":
        // A player says so for as long as it stands at the end.
        if (this.#state.playback !== "ended") {
          this.#apply({ kind: "playbackChanged", playback: "ended" });
          this.askNow();
        }

        break;
      case "failed": {
        this.#drop({ kind: "playerFailed", reason: event.reason });
        this.#remake = this.#around.clock.after(playerRetryMs(this.#state), () => {
          this.#remake = null;
          this.#apply({ kind: "playerRetryDue" });
        });
        this.#reconcile();
        this.askNow();
        this.#around.changed();
        break;
      }
      default:
        break;
    }
  }
}

function toMs(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1_000;
}
