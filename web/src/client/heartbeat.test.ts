import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClient } from "./fakeClient";
import { Heartbeat } from "./heartbeat";
import type { ViewerPlayback } from "./livestream";
import { ManualClock } from "./manualClock";

function setUp() {
  const client = new FakeClient();
  const clock = new ManualClock();
  const now = { playback: "playing" as ViewerPlayback };
  const heartbeat = new Heartbeat(
    client,
    clock,
    () => ({ playback: now.playback, player: "fake", latencyMs: null }),
    () => undefined,
  );
  return { client, clock, now, heartbeat };
}

test("heartbeats come once an interval", async () => {
  const { client, clock, heartbeat } = setUp();
  heartbeat.start();
  await clock.advance(20_000);
  assert.equal(client.added, 1);
  assert.equal(client.beats.length, 6); // At 0, 4, 8, 12, 16 and 20 s.
});

test("a change of state is told at once", async () => {
  const { client, clock, now, heartbeat } = setUp();
  heartbeat.start();
  await clock.advance(5_000);
  now.playback = "paused";
  heartbeat.nudge();
  await clock.advance(10);
  assert.deepEqual(client.beats.map((beat) => beat.playback), ["playing", "playing", "paused"]);
});

test("fluttering does not flood the server", async () => {
  const { client, clock, now, heartbeat } = setUp();
  heartbeat.start();
  for (let i = 0; i < 100; i++) {
    now.playback = i % 2 === 0 ? "stalled" : "playing";
    heartbeat.nudge();
    await clock.advance(50);
  }

  assert.ok(client.beats.length <= 9, `${client.beats.length} heartbeats in 5 s`);
});

test("a goodbye is said once, and only by those who were counted", async () => {
  const { client, clock, heartbeat } = setUp();
  heartbeat.leave();
  assert.deepEqual(client.left, []);
  heartbeat.start();
  await clock.advance(1_000);
  heartbeat.leave();
  heartbeat.leave();
  await clock.advance(20_000);
  assert.deepEqual(client.left, ["v1"]);
  assert.equal(client.beats.length, 1);
});

test("coming back goes on as the same viewer", async () => {
  const { client, clock, heartbeat } = setUp();
  heartbeat.start();
  await clock.advance(1_000);
  heartbeat.leave();
  await clock.advance(60_000);
  heartbeat.start();
  await clock.advance(1_000);
  assert.equal(client.added, 1);
  assert.deepEqual(client.beats.map((beat) => beat.viewer), ["v1", "v1"]);
  assert.deepEqual(client.numbers, [1, 2, 3]); // The goodbye between them has one, too.
});

test("a ticket that is refused is replaced", async () => {
  const { client, clock, heartbeat } = setUp();
  client.beatAnswer = { kind: "refused" };
  heartbeat.start();
  await clock.advance(100);
  client.beatAnswer = null;
  client.ticket = { viewer: "v2", token: "t2", intervalMs: 4_000 };
  await clock.advance(4_000);
  assert.deepEqual(client.beats.map((beat) => beat.viewer), ["v1", "v2"]);
});

test("without an answer it tries again in a while", async () => {
  const { client, clock, heartbeat } = setUp();
  client.ticket = null;
  heartbeat.start();
  await clock.advance(20_000);
  assert.ok(client.added >= 4 && client.added <= 6, `${client.added} tries`);
});

test("what was prepared is used, and counts nobody by itself", async () => {
  const { client, clock, heartbeat } = setUp();
  await heartbeat.prepare();
  heartbeat.leave();
  await clock.advance(10_000);
  assert.equal(client.beats.length, 0);
  assert.deepEqual(client.left, []);
  heartbeat.start();
  await clock.advance(1);
  assert.equal(client.added, 1);
  assert.equal(client.beats.length, 1);
});
