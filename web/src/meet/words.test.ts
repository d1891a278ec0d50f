import assert from "node:assert/strict";
import { test } from "node:test";
import { piecesOf, safeLink } from "./chatText";
import type { Place } from "./meetState";
import {
  durationText, hueOf, initialsOf, liveBadge, noteWords, onAirAct, plateWords, recordingBadge, sizeText, stageAct, switchFailureWords, switchWords,
} from "./words";

test("every place without a meeting has words, and no other has", () => {
  const silent: Place[] = ["setup", "joining", "inside"];
  const places: Place[] = ["noToken", "insecure", "noNames", "opening", "shut", "waiting", "left", "kicked", "rejected", "ended", "failed"];
  for (const place of places) {
    assert.ok((plateWords({ place, fault: null, connection: "steady" })?.title.length ?? 0) > 5, place);
  }

  for (const place of silent) {
    assert.equal(plateWords({ place, fault: null, connection: "steady" }), null);
  }

  assert.notEqual(
    plateWords({ place: "shut", fault: "refused", connection: "steady" })?.title,
    plateWords({ place: "shut", fault: "unreachable", connection: "steady" })?.title,
  );
});

test("what was turned on or off is said, and when it could not be", () => {
  assert.equal(switchWords("mic", true), "Microphone on");
  assert.equal(switchWords("mic", false), "Microphone off");
  assert.equal(switchWords("camera", true), "Camera on");
  assert.equal(switchWords("camera", false), "Camera off");
  assert.equal(switchFailureWords("mic", false), "The microphone could not be turned off.");
  assert.equal(switchFailureWords("camera", true), "The camera could not be turned on.");
});

test("names become initials", () => {
  assert.equal(initialsOf("Ada Lovelace"), "AL");
  assert.equal(initialsOf("  ada  king  lovelace "), "AL");
  assert.equal(initialsOf("\u00e9mile"), "\u00c9");
  assert.equal(initialsOf("\u{1F600} Smile"), "\u{1F600}S");
  assert.equal(initialsOf(""), "?");
  assert.ok(hueOf("a") !== hueOf("b") && hueOf("a") === hueOf("a") && hueOf("xyz") < 360);
});

test("links are found in what people write, and only the web's", () => {
  assert.deepEqual(piecesOf("see https://example.org/a?b=1, and (http://x.test)."), [
    { text: "see ", href: null },
    { text: "https://example.org/a?b=1", href: "https://example.org/a?b=1" },
    { text: ", and (", href: null },
    { text: "http://x.test", href: "http://x.test/" },
    { text: ").", href: null },
  ]);
  assert.deepEqual(piecesOf("javascript:alert(1)"), [{ text: "javascript:alert(1)", href: null }]);
  assert.deepEqual(piecesOf(""), []);
  assert.equal(safeLink("javascript:alert(1)"), null);
  assert.equal(safeLink("data:text/html,x"), null);
  assert.equal(safeLink("not a link"), null);
  assert.equal(safeLink("https://localhost:8443/f/1"), "https://localhost:8443/f/1");
});

test("the stage button says what can be done next", () => {
  const onRequest = { isInForce: true, access: "onRequest" } as const;
  assert.equal(stageAct({ isInForce: false, access: "allowed" }, "on"), null);
  assert.equal(stageAct(onRequest, "off")?.act, "ask");
  assert.equal(stageAct(onRequest, "requested")?.act, "cancel");
  assert.equal(stageAct(onRequest, "accepted")?.act, "join");
  assert.equal(stageAct(onRequest, "on")?.act, "leave");
  assert.equal(stageAct({ isInForce: true, access: "denied" }, "off"), null);
});

test("everybody is told that the meeting is live or recorded", () => {
  const quiet = { live: "off", watchUrl: null, recording: "off" } as const;
  assert.equal(liveBadge(quiet), null);
  assert.equal(liveBadge({ ...quiet, live: "on" }), "Live");
  assert.equal(liveBadge({ ...quiet, live: "stopping" }), null);
  assert.ok(liveBadge({ ...quiet, live: "starting" }) !== "Live" && liveBadge({ ...quiet, live: "waiting" }) !== "Live");
  assert.equal(recordingBadge({ ...quiet, recording: "on" }), "Recording");
  assert.equal(recordingBadge({ ...quiet, recording: "paused" }), "Recording paused");
  assert.equal(recordingBadge(quiet), null);
  assert.deepEqual((["off", "starting", "waiting", "on", "paused", "stopping"] as const).map(onAirAct), ["start", null, "stop", "stop", "stop", null]);
});

test("numbers are short", () => {
  assert.equal(durationText(75.9), "1:15");
  assert.equal(durationText(3_700), "1:01:40");
  assert.equal(sizeText(900), "900 bytes");
  assert.equal(sizeText(1_540_000), "1.5 MB");
  assert.equal(noteWords({ kind: "asked", name: "Ben", what: "stage" }), "Ben wants to come on stage");
});
