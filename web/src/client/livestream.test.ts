import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpLivestreamClient, readStatus } from "./livestream";

const address = { base: "", livestreamId: "6f1a2f5e-8a51-4a57-9d7b-0f4b9c0c2a11", token: null };

function clientAnswering(answer: () => Response | Promise<Response>) {
  const asked: { url: string; init: RequestInit | undefined }[] = [];
  const beacons: { url: string; body: string }[] = [];
  const client = new HttpLivestreamClient(
    address,
    async (url, init) => {
      asked.push({ url: String(url), init });
      return answer();
    },
    (url, body) => beacons.push({ url, body }) > 0,
  );
  return { client, asked, beacons };
}

const json = (body: unknown, status = 200) => () => new Response(JSON.stringify(body), { status });

test("a status is read", async () => {
  const { client, asked } = clientAnswering(
    json({ state: "live", name: "Harbour", viewers: 12, started_at: "2026-01-02T03:04:05Z" }),
  );
  assert.deepEqual(await client.getStatus(), {
    kind: "found",
    status: { state: "live", name: "Harbour", viewers: 12, startedAt: new Date("2026-01-02T03:04:05Z") },
  });
  assert.equal(asked[0]?.url, `/live/${address.livestreamId}/status`);
});

test("refusals and faults are told apart", async () => {
  assert.deepEqual(await clientAnswering(json({}, 404)).client.getStatus(), { kind: "notFound" });
  assert.deepEqual(await clientAnswering(json({}, 403)).client.getStatus(), { kind: "notAllowed" });
  assert.deepEqual(await clientAnswering(json({}, 502)).client.getStatus(), { kind: "unreachable" });
  assert.deepEqual(await clientAnswering(() => new Response("<html>")).client.getStatus(), { kind: "unreachable" });
  assert.deepEqual(await clientAnswering(() => Promise.reject(new TypeError())).client.getStatus(), { kind: "unreachable" });
});

test("what a status leaves out has a default, and nonsense is none", () => {
  assert.deepEqual(readStatus({ state: "waiting" }), { state: "waiting", name: null, viewers: 0, startedAt: null });
  assert.deepEqual(readStatus({ state: "ended", name: " ", viewers: -3, started_at: "soon" }), {
    state: "ended",
    name: null,
    viewers: 0,
    startedAt: null,
  });
  assert.equal(readStatus({ state: "on fire" }), null);
  assert.equal(readStatus({}), null);
});

test("a ticket is asked for, and heartbeats carry its token", async () => {
  const { client } = clientAnswering(json({ viewer: "v", token: "t", interval_seconds: 4 }, 201));
  const ticket = await client.addViewer();
  assert.deepEqual(ticket, { viewer: "v", token: "t", intervalMs: 4_000 });

  const beating = clientAnswering(json({ interval_seconds: 5, state: "live", viewers: 3 }));
  const answer = await beating.client.beat(ticket!, { playback: "playing", player: "hls.js", latencyMs: 1_534.6 }, 7);
  assert.deepEqual(answer, { kind: "taken", intervalMs: 5_000, state: "live", viewers: 3 });
  assert.equal(beating.asked[0]?.url, `/live/${address.livestreamId}/viewers/v/heartbeat`);
  assert.deepEqual(JSON.parse(String(beating.asked[0]?.init?.body)), {
    token: "t",
    state: "playing",
    player: "hls.js",
    latency_ms: 1_535,
    number: 7,
  });
});

test("a server that tells no state with its heartbeats is understood too", async () => {
  const { client } = clientAnswering(json({ interval_seconds: 4 }));
  const ticket = { viewer: "v", token: "t", intervalMs: 1 };
  assert.deepEqual(await client.beat(ticket, { playback: "paused", player: "x", latencyMs: null }, 1), {
    kind: "taken",
    intervalMs: 4_000,
    state: null,
    viewers: null,
  });
});

test("a ticket that is no longer good is told apart from a server that does not answer", async () => {
  const ticket = { viewer: "v", token: "t", intervalMs: 4_000 };
  const report = { playback: "playing", player: "hls.js", latencyMs: null } as const;
  assert.deepEqual(await clientAnswering(json({}, 403)).client.beat(ticket, report, 1), { kind: "refused" });
  assert.deepEqual(await clientAnswering(json({}, 429)).client.beat(ticket, report, 1), { kind: "failed" });
  assert.deepEqual(await clientAnswering(() => Promise.reject(new TypeError())).client.beat(ticket, report, 1), { kind: "failed" });
});

test("a goodbye goes out as a beacon", () => {
  const { client, beacons } = clientAnswering(json({}));
  client.leave({ viewer: "v", token: "t", intervalMs: 1 }, 8);
  assert.deepEqual(beacons, [{ url: `/live/${address.livestreamId}/viewers/v/leave`, body: '{"token":"t","number":8}' }]);
});
