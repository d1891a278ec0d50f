import assert from "node:assert/strict";
import { test } from "node:test";
import { atLiveEdge, movedTo, rested, shouldJump, stalled, wentLive } from "./livePosition";

test("stalls ask for more distance, up to a limit, and quiet takes it back", () => {
  let position = atLiveEdge;
  for (let i = 0; i < 20; i++) {
    position = stalled(position, 1_000 * i);
  }

  assert.equal(position.margin, 1.5);
  assert.equal(rested(position, 25_000).margin, 1.5);
  let now = 19_000;
  for (let i = 0; i < 10; i++) {
    now += 10_000;
    position = rested(position, now);
  }

  assert.ok(position.margin < 0.01);
});

test("who fell far behind is taken forward, unless on purpose", () => {
  assert.equal(shouldJump(atLiveEdge, 5, 1.5), true);
  assert.equal(shouldJump(atLiveEdge, 3, 1.5), false);
  assert.equal(shouldJump(atLiveEdge, null, 1.5), false);
  const back = movedTo(atLiveEdge, 20, 1.5);
  assert.equal(shouldJump(back, 20, 1.5), false);
  assert.equal(shouldJump(wentLive(back), 20, 1.5), true);
  assert.equal(movedTo(back, 2, 1.5).follows, true);
});
