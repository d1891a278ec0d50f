import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClient } from "../client/fakeClient";
import { ManualClock } from "../client/manualClock";
import { FakePlayer } from "../player/fakePlayer";
import { WatchSession } from "./watchSession";
import { stageOf } from "./watchState";

function setUp() {
  const client = new FakeClient();
  const clock = new ManualClock();
  const players: FakePlayer[] = [];
  const session = new WatchSession({
    client,
    clock,
    random: () => 0.5,
    makePlayer: (listener) => {
      const player = new FakePlayer("playlist", listener);
      players.push(player);
      return player;
    },
    changed: () => undefined,
  });
  const plays = () => session.apply({ kind: "playbackChanged", playback: "playing" });
  return { client, clock, players, session, plays };
}

test("it begins to play by itself when the stream does", async () => {
  const { client, clock, players, session } = setUp();
  client.is("waiting");
  session.start();
  await clock.advance(10_000);
  assert.equal(stageOf(session.state), "waiting");
  assert.equal(players.length, 0);

  client.is("live");
  await clock.advance(2_500);
  assert.equal(players.length, 1);
});

test("a publisher's absence keeps the player", async () => {
  const { client, clock, players, session, plays } = setUp();
  client.is("live");
  session.start();
  await clock.advance(100);
  plays();
  client.is("interrupted");
  await clock.advance(5_000);
  session.apply({ kind: "playbackChanged", playback: "stalled" });
  assert.equal(stageOf(session.state), "interrupted");
  client.is("live");
  await clock.advance(3_000);
  plays();
  assert.equal(stageOf(session.state), "watching");
  assert.equal(players.length, 1);
  assert.deepEqual(players[0]?.calls, []);
});

test("after the end a new stream gets a new player", async () => {
  const { client, clock, players, session, plays } = setUp();
  client.is("live");
  session.start();
  await clock.advance(100);
  plays();
  client.is("ended");
  players[0]?.tell({ kind: "ended" });
  await clock.advance(20_000);
  assert.equal(stageOf(session.state), "ended");
  assert.deepEqual(players[0]?.calls, ["destroy"]);

  client.is("live");
  await clock.advance(6_000);
  assert.equal(players.length, 2);
});

test("a player that moves a little at the end and stands there again has ended all the same", async () => {
  const { client, clock, players, session, plays } = setUp();
  client.is("live");
  session.start();
  await clock.advance(100);
  plays();
  players[0]?.tell({ kind: "ended" });
  assert.equal(stageOf(session.state), "starting");
  plays();
  session.apply({ kind: "playbackChanged", playback: "stalled" });
  assert.equal(stageOf(session.state), "buffering");
  await clock.advance(10_000);
  const asked = client.asked;
  players[0]?.tell({ kind: "ended" });
  players[0]?.tell({ kind: "ended" });
  assert.equal(stageOf(session.state), "starting");
  await clock.advance(100);
  assert.equal(client.asked, asked + 1);
});

test("a player that fails is made anew after a while, and its later words are not heard", async () => {
  const { client, clock, players, session } = setUp();
  client.is("live");
  session.start();
  await clock.advance(100);
  players[0]?.tell({ kind: "failed", reason: "network", detail: "" });
  players[0]?.tell({ kind: "failed", reason: "network", detail: "" });
  await clock.advance(400);
  assert.equal(players.length, 1);
  await clock.advance(200);
  assert.equal(players.length, 2);
  players[0]?.tell({ kind: "ended" });
  assert.equal(session.state.playback, "starting");
});

test("no player is made again for a stream that is gone", async () => {
  const { client, clock, players, session } = setUp();
  client.is("live");
  session.start();
  await clock.advance(100);
  client.is("ended");
  players[0]?.tell({ kind: "failed", reason: "network", detail: "" });
  await clock.advance(20_000);
  assert.equal(players.length, 1);
  assert.equal(stageOf(session.state), "ended");
});

test("a viewer is counted from the first picture to the goodbye", async () => {
  const { client, clock, session, plays } = setUp();
  client.is("live");
  session.start();
  await clock.advance(3_000);
  assert.equal(client.beats.length, 0);
  plays();
  await clock.advance(9_000);
  session.apply({ kind: "playbackChanged", playback: "paused" });
  await clock.advance(100);
  assert.deepEqual(client.beats.map((beat) => beat.playback), ["playing", "playing", "playing", "paused"]);
  session.leave();
  assert.deepEqual(client.left, ["v1"]);

  // While it is torn down, the page may still say this and that.
  const beats = client.beats.length;
  session.apply({ kind: "playbackChanged", playback: "stalled" });
  await clock.advance(10_000);
  assert.deepEqual([client.left, client.beats.length], [["v1"], beats]);
  session.comeBack();
  await clock.advance(100);
  assert.equal(client.beats.length, beats + 1);
});

test("while heartbeats are answered the status is seldom asked for", async () => {
  const { client, clock, session, plays } = setUp();
  client.is("live");
  session.start();
  await clock.advance(100);
  plays();
  await clock.advance(60_000);
  assert.ok(client.asked <= 4, `${client.asked} status requests`);
  assert.ok(client.beats.length >= 14);
});

test("a server that is away is asked gently, and found again", async () => {
  const { client, clock, session } = setUp();
  session.start();
  await clock.advance(120_000);
  assert.equal(stageOf(session.state), "unreachable");
  assert.ok(client.asked <= 15, `${client.asked} status requests`);
  client.is("waiting");
  session.askNow();
  await clock.advance(10);
  assert.equal(stageOf(session.state), "waiting");
});

test("nothing goes on after the close", async () => {
  const { client, clock, players, session, plays } = setUp();
  client.is("live");
  session.start();
  await clock.advance(100);
  plays();
  await clock.advance(100);
  session.close();
  const { asked } = client;
  await clock.advance(60_000);
  assert.equal(client.asked, asked);
  assert.deepEqual(players[0]?.calls, ["destroy"]);
});
