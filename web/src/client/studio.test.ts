import assert from "node:assert/strict";
import { test } from "node:test";
import { StudioClient, StudioError, meetLink, readCredentials } from "./studio";

const credentials = { accountId: "a1", appId: "p1", apiToken: "secret" };

function answering(status: number, body: unknown) {
  const asked: { url: string; init: RequestInit }[] = [];
  const fetch = async (url: string, init: RequestInit) => {
    asked.push({ url, init });
    return { ok: status < 400, status, json: async () => body };
  };
  return { asked, client: new StudioClient("/rooms", credentials, fetch) };
}

test("the file that the first start writes is understood", () => {
  assert.deepEqual(readCredentials('{"account_id": "a1", "app_id": "p1", "api_token": " secret "}'), credentials);
  assert.equal(readCredentials('{"account_id": "a1"}'), null);
  assert.equal(readCredentials("nonsense"), null);
  assert.equal(readCredentials("null"), null);
});

test("a meeting and its participants are made by two calls", async () => {
  const meeting = answering(201, { success: true, data: { id: "m1" } });
  assert.equal(await meeting.client.createMeeting("Weekly"), "m1");
  assert.equal(meeting.asked[0]?.url, "/rooms/client/v4/accounts/a1/realtime/kit/p1/meetings");
  assert.equal(new Headers(meeting.asked[0]?.init.headers).get("Authorization"), "Bearer secret");
  assert.deepEqual(JSON.parse(String(meeting.asked[0]?.init.body)), { title: "Weekly" });

  const participant = answering(201, { success: true, data: { token: "eyJ" } });
  assert.equal(await participant.client.addParticipant("m1", "Ada", "group_call_host"), "eyJ");
  const body = JSON.parse(String(participant.asked[0]?.init.body));
  assert.equal(body.preset_name, "group_call_host");
  assert.ok(body.custom_participant_id.length > 10);
});

test("a refusal says why", async () => {
  const { client } = answering(401, { success: false, error: { code: 401, message: "Unknown token." } });
  await assert.rejects(client.createMeeting("x"), (error: unknown) => error instanceof StudioError && error.fault === "refused" && error.message === "Unknown token.");
  const broken = answering(200, { success: true, data: {} });
  await assert.rejects(broken.client.createMeeting("x"), (error: unknown) => error instanceof StudioError && error.fault === "other");
  const away = new StudioClient("", credentials, () => Promise.reject(new TypeError("fetch failed")));
  await assert.rejects(away.createMeeting("x"), (error: unknown) => error instanceof StudioError && error.fault === "unreachable");
});

test("links carry the token", () => {
  assert.equal(meetLink("https://localhost:8443", "", "e.y+J"), "https://localhost:8443/meet?token=e.y%2BJ");
});
