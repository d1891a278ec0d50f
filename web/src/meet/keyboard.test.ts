import assert from "node:assert/strict";
import { test } from "node:test";
import { type KeyAct, type KeyPress, keyAct } from "./keyboard";

const press = (key: string, more: Partial<KeyPress> = {}) =>
  keyAct({ key, ctrlKey: false, altKey: false, metaKey: false, isTyping: false, isRepeated: false, ...more });

const acts: readonly (readonly [string, KeyAct])[] = [
  ["m", "toggleMic"],
  ["v", "toggleCamera"],
  ["s", "toggleScreen"],
  ["c", "openChat"],
  ["p", "openPeople"],
  ["o", "openPolls"],
  ["f", "toggleFullscreen"],
  ["Escape", "closePanel"],
];

test("every act has its key, whether shift is held or not", () => {
  for (const [key, act] of acts) {
    assert.equal(press(key), act);
    assert.equal(press(key === "Escape" ? key : key.toUpperCase()), act);
  }

  for (const key of ["x", "1", " ", "Enter", "Tab"]) {
    assert.equal(press(key), null, key);
  }
});

test("what the browser does with keys stays the browser's", () => {
  for (const [key] of acts) {
    assert.equal(press(key, { ctrlKey: true }), null, key);
    assert.equal(press(key, { altKey: true }), null, key);
    assert.equal(press(key, { metaKey: true }), null, key);
  }
});

test("letters that are written are no commands, and Escape still closes", () => {
  for (const [key, act] of acts) {
    assert.equal(press(key, { isTyping: true }), key === "Escape" ? act : null, key);
  }
});

test("a key that is held down acts once", () => {
  for (const [key] of acts) {
    assert.equal(press(key, { isRepeated: true }), null, key);
  }
});
