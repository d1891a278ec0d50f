import assert from "node:assert/strict";
import { test } from "node:test";
import { baseUriOf, readMeetAddress, watchUrlOf } from "./address";

function at(url: string) {
  return new URL(url);
}

test("the base is the page's own host, with its port and path", () => {
  assert.deepEqual(readMeetAddress(at("https://localhost:8443/meet?token=eyJ.a.b"), ""), {
    kind: "good",
    baseUri: "localhost:8443",
    token: "eyJ.a.b",
  });
  assert.equal(baseUriOf(at("https://live.example.org/meet?token=x")), "live.example.org");
  assert.equal(baseUriOf(at("https://example.org/rooms/meet/")), "example.org/rooms");
});

test("the names that the client forms itself lead back to the base", () => {
  assert.equal(baseUriOf(at("https://api.localhost:8443/meet")), "localhost:8443");
  assert.equal(baseUriOf(at("https://socket-edge.live.example.org/meet")), "live.example.org");
});

test("a page without TLS names the secure one", () => {
  assert.deepEqual(readMeetAddress(at("http://localhost:8080/meet?token=a"), "https://localhost:8443"), {
    kind: "insecure",
    secureUrl: "https://localhost:8443/meet?token=a",
  });
  assert.deepEqual(readMeetAddress(at("http://10.0.0.5:8080/meet?token=a"), ""), { kind: "insecure", secureUrl: null });
});

test("an IP address has no names below it", () => {
  assert.deepEqual(readMeetAddress(at("https://127.0.0.1:8443/meet?token=a"), ""), {
    kind: "noNames",
    host: "127.0.0.1",
    namedUrl: "https://localhost:8443/meet?token=a",
  });
  assert.deepEqual(readMeetAddress(at("https://[2001:db8::1]/meet?token=a"), ""), {
    kind: "noNames",
    host: "[2001:db8::1]",
    namedUrl: null,
  });
});

test("without a token there is nothing to join", () => {
  assert.deepEqual(readMeetAddress(at("https://localhost:8443/meet"), ""), { kind: "noToken" });
  assert.deepEqual(readMeetAddress(at("https://localhost:8443/meet?token="), ""), { kind: "noToken" });
});

test("a livestream's page is where its playlist is, unless that is somebody else's", () => {
  const id = "103952a5-3bba-4ca6-b6c1-c6eb4005cd8b";
  assert.equal(watchUrlOf(`https://host:8443/live/${id}/index.m3u8`), `https://host:8443/watch/${id}`);
  assert.equal(watchUrlOf(`https://host/tv/live/t/abc.def/${id}/index.m3u8?x=1`), `https://host/tv/watch/t/abc.def/${id}`);
  assert.equal(watchUrlOf("https://elsewhere.example/stream/index.m3u8"), null);
  assert.equal(watchUrlOf(`https://host/live/${id}/other.m3u8`), null);
});
