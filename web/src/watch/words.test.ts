import assert from "node:assert/strict";
import { test } from "node:test";
import { keyAct } from "./keyboard";
import { announcementOf, bitrateText, durationText, latencyText, levelText, spokenDuration, stageWords, viewersText } from "./words";

test("times are told as short as they may be", () => {
  assert.equal(latencyText(1.534), "1.5 s");
  assert.equal(latencyText(12.4), "12 s");
  assert.equal(latencyText(75), "1:15");
  assert.equal(durationText(3_700), "1:01:40");
  assert.equal(durationText(59.6), "1:00");
  assert.equal(durationText(-3), "0:00");
  assert.equal(spokenDuration(61), "1 minute 1 second");
  assert.equal(spokenDuration(5.2), "5 seconds");
});

test("pictures are named as people name them", () => {
  assert.equal(levelText({ width: 1_280, height: 720, frameRate: 30, bitrateBps: 1 }), "720p");
  assert.equal(levelText({ width: 1_920, height: 1_080, frameRate: 59.94, bitrateBps: 1 }), "1080p60");
  assert.equal(levelText({ width: 720, height: 1_280, frameRate: null, bitrateBps: null }), "720p");
  assert.equal(levelText({ width: 0, height: 0, frameRate: null, bitrateBps: 128_000 }), "128 kbit/s");
  assert.equal(bitrateText(2_540_000), "2.5 Mbit/s");
  assert.equal(viewersText(1), "1 viewer");
  assert.equal(viewersText(12_345), "12,345 viewers");
});

test("every stage has words, and a screen reader hears those that matter", () => {
  for (const [stage, words] of Object.entries(stageWords)) {
    assert.ok(stage === "watching" ? words === null : (words?.title.length ?? 0) > 0, stage);
  }

  assert.match(announcementOf("interrupted") ?? "", /interrupted/);
  assert.match(announcementOf("watching") ?? "", /playing/);
  assert.equal(announcementOf("buffering"), null);
});

test("keys do what players' keys do, and leave the browser its own", () => {
  const press = (key: string, on: "page" | "button" | "slider" | "text" = "page", ctrlKey = false) =>
    keyAct({ key, on, ctrlKey, altKey: false, metaKey: false });
  assert.deepEqual(press(" "), { kind: "togglePlay" });
  assert.deepEqual(press("K"), { kind: "togglePlay" });
  assert.deepEqual(press("m", "button"), { kind: "toggleMute" });
  assert.deepEqual(press("ArrowLeft"), { kind: "seekBy", seconds: -5 });
  assert.deepEqual(press("ArrowUp"), { kind: "volumeBy", share: 0.05 });
  assert.deepEqual(press("l"), { kind: "goLive" });
  assert.deepEqual(press("c"), { kind: "toggleCaptions" });
  assert.equal(press(" ", "button"), null);
  assert.equal(press("ArrowLeft", "slider"), null);
  assert.equal(press("f", "text"), null);
  assert.equal(press("f", "page", true), null);
  assert.equal(press("Tab"), null);
});
