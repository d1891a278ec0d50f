import assert from "node:assert/strict";
import { test } from "node:test";
import { type MeetInput, type MeetState, initialState, stageOf, update } from "./meetState";

const start = initialState({ kind: "good", baseUri: "localhost:8443", token: "t" });
const after = (...inputs: MeetInput[]): MeetState => inputs.reduce(update, start);
const opened: MeetInput = { kind: "opened" };
const asked: MeetInput = { kind: "joinAsked" };
const joined: MeetInput = { kind: "joined" };

test("the way in and out", () => {
  assert.equal(start.place, "opening");
  assert.equal(after(opened).place, "setup");
  assert.equal(after(opened, asked).place, "joining");
  assert.equal(after(opened, asked, joined).place, "inside");
  assert.equal(after(opened, asked, joined, { kind: "out", reason: "left" }).place, "left");
});

test("an address that cannot work is told at once", () => {
  assert.equal(initialState({ kind: "noToken" }).place, "noToken");
  assert.equal(initialState({ kind: "insecure", secureUrl: null }).place, "insecure");
});

test("a refusal and a server that is away can be tried again", () => {
  const shut = after({ kind: "openFailed", fault: "refused" });
  assert.equal(shut.place, "shut");
  assert.equal(shut.fault, "refused");
  assert.equal(update(shut, { kind: "retried" }).place, "opening");
  assert.equal(after(opened, asked, { kind: "joinFailed", fault: "noMedia" }).place, "setup");
  assert.equal(after(opened, asked, { kind: "joinFailed", fault: "noMedia" }).fault, "noMedia");
  assert.equal(after(opened, asked, { kind: "joinFailed", fault: "noMedia" }, asked).fault, null);
});

test("who waits is let in or turned away", () => {
  const waiting = after(opened, asked, { kind: "waitlisted" });
  assert.equal(waiting.place, "waiting");
  assert.equal(update(waiting, joined).place, "inside");
  assert.equal(update(waiting, { kind: "out", reason: "rejected" }).place, "rejected");
});

test("the first reason for being out is the one that counts", () => {
  const kicked = after(opened, asked, joined, { kind: "out", reason: "kicked" });
  assert.equal(update(kicked, { kind: "out", reason: "left" }).place, "kicked");
  assert.equal(update(kicked, joined).place, "kicked");
});

test("a lost connection does not lead out", () => {
  const state = after(opened, asked, joined, { kind: "connectionChanged", connection: "reconnecting" });
  assert.equal(state.place, "inside");
  assert.equal(state.connection, "reconnecting");
  assert.equal(update(state, joined).connection, "steady");
});

test("each place has its part of the page", () => {
  assert.equal(stageOf("waiting"), "plate");
  assert.equal(stageOf("joining"), "setup");
  assert.equal(stageOf("inside"), "meeting");
  assert.equal(stageOf("kicked"), "plate");
});
