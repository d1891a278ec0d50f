import assert from "node:assert/strict";
import { test } from "node:test";
import type { StreamState } from "../client/livestream";
import {
  type WatchInput,
  type WatchState,
  initialState,
  needsNewPlayer,
  nextStatusMs,
  playerRetryMs,
  stageOf,
  update,
  viewerPlaybackOf,
  wantsPlayer,
} from "./watchState";

const found = (state: StreamState, began = 0): WatchInput => ({
  kind: "statusAnswered",
  answer: { kind: "found", status: { state, name: null, viewers: 0, startedAt: new Date(began) } },
});
const unreachable: WatchInput = { kind: "statusAnswered", answer: { kind: "unreachable" } };
const plays: WatchInput = { kind: "playbackChanged", playback: "playing" };
const stalls: WatchInput = { kind: "playbackChanged", playback: "stalled" };
const after = (...inputs: WatchInput[]): WatchState => inputs.reduce(update, initialState);

test("the stages of a stream from before its start to after its end", () => {
  assert.equal(stageOf(initialState), "connecting");
  assert.equal(stageOf(after(found("waiting"))), "waiting");
  assert.equal(stageOf(after(found("waiting"), found("live"))), "starting");
  assert.equal(stageOf(after(found("live"), plays)), "watching");
  assert.equal(stageOf(after(found("live"), plays, stalls)), "buffering");
  assert.equal(stageOf(after(found("live"), plays, found("interrupted"))), "watching"); // The buffer plays on.
  assert.equal(stageOf(after(found("live"), plays, found("interrupted"), stalls)), "interrupted");
  assert.equal(stageOf(after(found("live"), plays, found("interrupted"), stalls, found("live"), plays)), "watching");
  assert.equal(stageOf(after(found("live"), plays, found("ended"))), "watching"); // The end plays out.
  assert.equal(stageOf(after(found("live"), plays, found("ended"), { kind: "playbackChanged", playback: "ended" })), "ended");
});

test("who stands still after the end has not stalled", () => {
  const ended = after(found("live"), plays, { kind: "playbackChanged", playback: "ended" });
  assert.equal(stageOf(update(ended, stalls)), "starting");
  assert.equal(viewerPlaybackOf(update(ended, stalls)), null);
  assert.equal(stageOf(update(ended, plays)), "watching");
  assert.equal(stageOf([found("ended"), stalls].reduce(update, ended)), "ended");
});

test("refusals say why", () => {
  assert.equal(stageOf(after({ kind: "statusAnswered", answer: { kind: "notFound" } })), "notFound");
  assert.equal(stageOf(after({ kind: "statusAnswered", answer: { kind: "notAllowed" } })), "notAllowed");
  const refusedLater = after(found("waiting"), { kind: "statusAnswered", answer: { kind: "notAllowed" } });
  assert.equal(stageOf(refusedLater), "notAllowed");
  assert.equal(wantsPlayer(refusedLater), false);
  assert.equal(stageOf(update(refusedLater, found("waiting"))), "waiting");
});

test("one lost request is not worth a word, and a picture that moves wins", () => {
  assert.equal(stageOf(after(unreachable)), "connecting");
  assert.equal(stageOf(after(unreachable, unreachable)), "unreachable");
  assert.equal(stageOf(after(found("waiting"), unreachable)), "waiting");
  assert.equal(stageOf(after(found("waiting"), unreachable, unreachable)), "unreachable");
  assert.equal(stageOf(after(found("live"), plays, unreachable, unreachable)), "watching");
  assert.equal(stageOf(after(found("live"), plays, unreachable, unreachable, stalls)), "unreachable");
  assert.equal(stageOf(after(found("live"), plays, unreachable, unreachable, found("live"))), "watching");
});

test("a player is wanted while there is something to play", () => {
  assert.equal(wantsPlayer(after(found("waiting"))), false);
  assert.equal(wantsPlayer(after(found("live"))), true);
  assert.equal(wantsPlayer(after(found("interrupted"))), true);
  assert.equal(wantsPlayer(after(found("ended"))), false);
  assert.equal(wantsPlayer(after(found("live"), plays, found("ended"))), true);
  assert.equal(wantsPlayer(after(found("live"), { kind: "playerFailed", reason: "unsupported" })), false);
});

test("a stream that begins anew after its end gets a new player", () => {
  const ended = after(found("live"), { kind: "playerMade" }, plays, { kind: "playbackChanged", playback: "ended" });
  assert.equal(needsNewPlayer(ended), false); // The status is merely late.
  assert.equal(needsNewPlayer(update(ended, found("live"))), false);
  assert.equal(needsNewPlayer(update(ended, found("live", 60_000))), true);
});

test("a player that fails is tried again less and less often, and at last spoken of", () => {
  let state = after(found("live"));
  const delays: number[] = [];
  for (let i = 0; i < 8; i++) {
    state = update(state, { kind: "playerFailed", reason: "media" });
    delays.push(playerRetryMs(state));
    assert.equal(stageOf(state), i < 2 ? "starting" : "faulty");
    state = update(state, { kind: "playerMade" });
  }

  assert.deepEqual(delays, [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
  assert.equal(stageOf(update(state, plays)), "watching");
  assert.equal(playerRetryMs(update(state, plays)), 500);
});

test("what could not be played is tried again when the stream changes, and seldom while it does not", () => {
  const failed = after(found("live"), { kind: "playerMade" }, { kind: "playerFailed", reason: "unsupported" });
  assert.equal(stageOf(failed), "faulty");
  assert.equal(wantsPlayer(update(failed, found("live"))), false);
  assert.equal(playerRetryMs(failed), 60_000);
  assert.equal(wantsPlayer(update(failed, { kind: "playerRetryDue" })), true);

  const another = update(failed, found("live", 60_000));
  assert.equal(wantsPlayer(another), true);
  assert.equal(another.playerFailures, 0);
  assert.equal(stageOf(another), "starting");

  assert.equal(wantsPlayer(after(found("live"), { kind: "playerFailed", reason: "unsupported" }, found("interrupted"))), true);
  const beaten = update(failed, {
    kind: "heartbeatAnswered",
    answer: { kind: "taken", intervalMs: 4_000, state: "interrupted", viewers: 7 },
  });
  assert.equal(wantsPlayer(beaten), true);
});

test("heartbeats tell what the viewer sees", () => {
  assert.equal(viewerPlaybackOf(initialState), null);
  assert.equal(viewerPlaybackOf(after(found("live"), plays)), "playing");
  assert.equal(viewerPlaybackOf(after(found("live"), plays, stalls)), "stalled");
  assert.equal(viewerPlaybackOf(after(found("live"), { kind: "playbackChanged", playback: "paused" })), "paused");
});

test("heartbeats bring the state and the viewers", () => {
  const state = after(found("live"), plays, {
    kind: "heartbeatAnswered",
    answer: { kind: "taken", intervalMs: 4_000, state: "interrupted", viewers: 7 },
  });
  assert.equal(state.status?.state, "interrupted");
  assert.equal(state.status?.viewers, 7);
});

test("the server is asked often while something is awaited, seldom while heartbeats tell, and gently when it is away", () => {
  assert.ok(nextStatusMs(after(found("waiting")), false, 0.5) <= 2_500);
  assert.ok(nextStatusMs(after(found("live"), plays), true, 0.5) >= 20_000);
  assert.ok(nextStatusMs(after(found("live"), plays), false, 0.5) <= 7_000);
  let state = initialState;
  let last = 0;
  for (let i = 0; i < 10; i++) {
    state = update(state, unreachable);
    const delay = nextStatusMs(state, false, 0.5);
    assert.ok(delay >= last && delay <= 20_000);
    last = delay;
  }

  assert.notEqual(nextStatusMs(state, false, 0), nextStatusMs(state, false, 1));
});
