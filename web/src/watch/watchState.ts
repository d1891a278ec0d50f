import type { HeartbeatAnswer, LivestreamStatus, StatusAnswer, StreamState, ViewerPlayback } from "../client/livestream";
import type { PlayerFailure } from "../player/player";

/** What the video element does. */
export type Playback =
  /** There is no player, or it has shown nothing so far. */
  | "starting"
  | "playing"
  | "paused"
  /** It wants to play and has nothing to show. */
  | "stalled"
  /** It played the stream's end. */
  | "ended";

/** Everything the page knows. Changed only by {@link update}. */
export interface WatchState {
  readonly refusal: "notFound" | "notAllowed" | null;
  /** The last status of the server; null until the first. */
  readonly status: LivestreamStatus | null;
  /** Status requests that failed since the last that did not. */
  readonly failures: number;
  readonly playback: Playback;
  /** A player that could not go on; it is made anew after a while. */
  readonly playerFault: PlayerFailure | null;
  /** How often a player failed since one played. */
  readonly playerFailures: number;
  /** When the stream began that the player was made for, in milliseconds since 1970; null while unknown. */
  readonly playerBegan: number | null;
  /** The browser plays only when the viewer asks: for sound, or at all. */
  readonly blocked: "sound" | "playback" | null;
}

export const initialState: WatchState = {
  refusal: null,
  status: null,
  failures: 0,
  playback: "starting",
  playerFault: null,
  playerFailures: 0,
  playerBegan: null,
  blocked: null,
};

export type WatchInput =
  | { kind: "statusAnswered"; answer: StatusAnswer }
  | { kind: "heartbeatAnswered"; answer: HeartbeatAnswer }
  | { kind: "playbackChanged"; playback: Playback }
  | { kind: "playerFailed"; reason: PlayerFailure }
  | { kind: "playerMade" }
  | { kind: "playerDropped" }
  | { kind: "playerRetryDue" }
  | { kind: "blockedBy"; blocked: "sound" | "playback" | null };

/** Applies one thing that happened. */
export function update(state: WatchState, input: WatchInput): WatchState {
  switch (input.kind) {
    case "statusAnswered":
      return withAnswer(state, input.answer);
    case "heartbeatAnswered":
      return input.answer.kind === "taken" && input.answer.state !== null && state.status !== null
        ? {
            ...withStatus(state, {
              ...state.status,
              state: input.answer.state,
              viewers: input.answer.viewers ?? state.status.viewers,
            }),
            failures: 0,
          }
        : state;
    case "playbackChanged":
      // A player may know of the end before the element is seen to stand still: that is no stall.
      if (state.playback === "ended" && input.playback === "stalled") {
        return state;
      }

      return {
        ...state,
        playback: input.playback,
        playerFailures: input.playback === "playing" ? 0 : state.playerFailures,
      };
    case "playerFailed":
      return { ...state, playback: "starting", playerFault: input.reason, playerFailures: state.playerFailures + 1 };
    case "playerMade":
      return { ...state, playback: "starting", playerFault: null, playerBegan: state.status?.startedAt?.getTime() ?? null };
    case "playerDropped":
      return { ...state, playback: "starting", playerFault: null, blocked: null };
    case "playerRetryDue":
      return { ...state, playerFault: null };
    case "blockedBy":
      return { ...state, blocked: input.blocked };
    default:
      return assertNever(input);
  }
}

/** A player's failures belong to what it was to play: what comes after a pause or anew may be of another kind. */
function withStatus(state: WatchState, status: LivestreamStatus): WatchState {
  const before = state.status;
  const isOther =
    before !== null &&
    ((before.startedAt?.getTime() ?? null) !== (status.startedAt?.getTime() ?? null) ||
      (before.state === "live" && status.state !== "live"));
  return isOther ? { ...state, status, playerFault: null, playerFailures: 0 } : { ...state, status };
}

function withAnswer(state: WatchState, answer: StatusAnswer): WatchState {
  switch (answer.kind) {
    case "found":
      return { ...withStatus(state, answer.status), refusal: null, failures: 0 };
    case "notFound":
    case "notAllowed":
      return { ...state, refusal: answer.kind, failures: 0 };
    case "unreachable":
      return { ...state, failures: state.failures + 1 };
    default:
      return assertNever(answer);
  }
}

/** What fills the page: the picture, or a word about why there is none. */
export type Stage =
  | "connecting"
  | "waiting"
  | "starting"
  | "watching"
  | "buffering"
  | "interrupted"
  | "ended"
  | "notFound"
  | "notAllowed"
  | "unreachable"
  | "faulty";

/** Status requests that may fail before the page speaks of it. */
const failuresBeforeWord = 2;

/** Failed players in a row before the page speaks of it. */
const playerFailuresBeforeWord = 3;

/** Chooses what fills the page. A picture that moves wins over everything but a refusal. */
export function stageOf(state: WatchState): Stage {
  if (state.refusal !== null && !isPicture(state.playback)) {
    return state.refusal;
  }

  if (isPicture(state.playback)) {
    return "watching";
  }

  const isUnreachable = state.failures >= failuresBeforeWord;
  if (state.status === null) {
    return isUnreachable ? "unreachable" : "connecting";
  }

  if (isUnreachable) {
    return "unreachable";
  }

  const { state: stream } = state.status;
  switch (stream) {
    case "waiting":
      return "waiting";
    case "ended":
      return "ended";
    case "interrupted":
      return "interrupted";
    case "live":
      if (state.playerFault === "unsupported" || state.playerFailures >= playerFailuresBeforeWord) {
        return "faulty";
      }

      // A player that reached the end of an earlier session is made anew for this one.
      return state.playback === "stalled" ? "buffering" : "starting";
    default:
      return assertNever(stream);
  }
}

function isPicture(playback: Playback): boolean {
  return playback === "playing" || playback === "paused";
}

/** The word of the badge beside the title. */
export function badgeOf(state: WatchState): StreamState | null {
  return state.status === null || state.refusal !== null ? null : state.status.state;
}

/** Whether there ought to be a player. One that plays out the end of a stream is left to do so. */
export function wantsPlayer(state: WatchState): boolean {
  if (state.status === null || state.refusal !== null || state.playerFault === "unsupported") {
    return false;
  }

  return (
    state.status.state === "live" ||
    state.status.state === "interrupted" ||
    (state.status.state === "ended" && (isPicture(state.playback) || state.playback === "stalled"))
  );
}

/**
 * Whether the player that played a stream to its end stands in the way of the next one. The status may still tell of the
 * stream that has just ended, so it must tell of another.
 */
export function needsNewPlayer(state: WatchState): boolean {
  return (
    state.playback === "ended" &&
    state.status?.state === "live" &&
    (state.status.startedAt?.getTime() ?? null) !== state.playerBegan
  );
}

/** How long after a player failed the next one is made, in milliseconds. */
export function playerRetryMs(state: WatchState): number {
  // What cannot be played now may be otherwise when the publisher has changed something, though hardly soon.
  return state.playerFault === "unsupported" ? 60_000 : Math.min(10_000, 500 * 2 ** Math.max(0, state.playerFailures - 1));
}

/** What heartbeats tell; null while nothing was shown. */
export function viewerPlaybackOf(state: WatchState): ViewerPlayback | null {
  switch (state.playback) {
    case "playing":
    case "paused":
    case "stalled":
      return state.playback;
    case "starting":
    case "ended":
      return null;
    default:
      return assertNever(state.playback);
  }
}

/**
 * When to ask for the status again, in milliseconds.
 * @param beats whether heartbeats are being answered: then they tell the state.
 * @param random from 0 to 1: pages that wait for one stream must not ask all at once.
 */
export function nextStatusMs(state: WatchState, beats: boolean, random: number): number {
  const spread = 0.85 + 0.3 * random;
  if (state.failures > 0) {
    return spread * Math.min(15_000, 1_000 * 2 ** (state.failures - 1));
  }

  if (state.refusal !== null) {
    return spread * 15_000;
  }

  switch (state.status?.state) {
    case "waiting":
    case "interrupted":
      return spread * 2_000;
    case "ended":
      return spread * 5_000;
    case "live":
      return spread * (state.playback === "playing" ? (beats ? 30_000 : 6_000) : 3_000);
    default:
      return spread * 1_000;
  }
}

export function assertNever(value: never): never {
  throw new Error(`Unhandled: ${JSON.stringify(value)}`);
}
