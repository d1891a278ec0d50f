import assert from "node:assert/strict";
import { test } from "node:test";
import { livePath, playlistPath, readWatchPath } from "./address";

const id = "6f1a2f5e-8a51-4a57-9d7b-0f4b9c0c2a11";

test("a public watch page leads to the public playlist", () => {
  const address = readWatchPath(`/watch/${id}`);
  assert.deepEqual(address, { base: "", livestreamId: id, token: null });
  assert.equal(playlistPath(address!), `/live/${id}/index.m3u8?viewer=beacon`);
});

test("a signed watch page carries its token on", () => {
  const address = readWatchPath(`/watch/t/abc.def-_/${id}/`);
  assert.equal(livePath(address!), `/live/t/abc.def-_/${id}`);
});

test("a product under a path of its own is found there", () => {
  assert.equal(livePath(readWatchPath(`/tv/watch/${id}`)!), `/tv/live/${id}`);
});

test("other paths are not watch pages", () => {
  for (const path of ["/", "/watch/", "/watch/x", `/live/${id}`, `/watch/${id}/more`, `/watch/t/a/b/${id}`]) {
    assert.equal(readWatchPath(path), null, path);
  }
});
