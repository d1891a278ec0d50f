import assert from "node:assert/strict";
import { test } from "node:test";

// hls.js looks for the browser's global when it is loaded.
Object.assign(globalThis, { self: globalThis });
const { default: Hls } = await import("hls.js");
const { EdgeKeepingStreamController, isAtEnd, synchronize } = await import("./edgeKeeping");

test("hls.js still has the method that is replaced", () => {
  assert.equal(typeof Reflect.get(Hls.DefaultConfig.streamController.prototype, synchronize), "function");
  assert.notEqual(
    Reflect.get(EdgeKeepingStreamController.prototype, synchronize),
    Reflect.get(Hls.DefaultConfig.streamController.prototype, synchronize),
  );
});

test("a picture behind the end of the playlist by its sound's overhang is at the end", () => {
  assert.equal(isAtEnd(5.97, 5.9667), true);
  assert.equal(isAtEnd(5.9667, 5.9667), true);
});

test("a picture within the playlist, or far behind its end, is not", () => {
  assert.equal(isAtEnd(4, 5.9667), false);
  assert.equal(isAtEnd(9, 5.9667), false);
});
