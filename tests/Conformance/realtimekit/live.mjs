// Drives every method of the unmodified official client against a server with a session under way, and writes one JSON line for each
// answer and a last one with the names of all methods that the client has.
//
//   node live.mjs <facts.json>
//
// The facts: origin, accountId, appId, token, meetingId, a meeting in which two peers send sound and picture, one of them chats, and
// sessionId, its session; stayer and leaver, the participants, each { participantId, customId, peerId }. Afterwards the session has ended.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import Cloudflare from "cloudflare";

const facts = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { meetingId, sessionId, stayer, leaver, accountId: account_id, appId: app_id } = facts;
const at = { account_id, app_id };
const patienceMs = 90_000;

let driven = "";
const client = new Cloudflare({
  baseURL: `${facts.origin}/client/v4`,
  apiToken: facts.token,
  maxRetries: 0,
  fetch: async (url, init) => {
    const answer = await fetch(url, init);
    const text = await answer.clone().text();
    const line = { method: driven, http: init.method.toUpperCase(), path: new URL(url).pathname, status: answer.status, body: JSON.parse(text) };
    console.log(JSON.stringify(line));
    return answer;
  },
});

/** The names of an object's methods, those of the classes below its own among them. */
function methodsOf(resource) {
  const names = new Set();
  for (let each = Object.getPrototypeOf(resource); each !== Object.prototype; each = Object.getPrototypeOf(each)) {
    Object.getOwnPropertyNames(each).filter((name) => name !== "constructor").forEach((name) => names.add(name));
  }

  return names;
}

/** The resources of the client, each of whose methods notes its name before it asks. */
const kit = {};
const all = [];
for (const [name, resource] of Object.entries(client.realtimeKit)) {
  if (name.startsWith("_") || typeof resource !== "object") {
    continue;
  }

  kit[name] = {};
  for (const method of methodsOf(resource)) {
    all.push(`${name}.${method}`);
    kit[name][method] = async (...given) => {
      driven = `${name}.${method}`;
      return (await resource[method](...given)).data;
    };
  }
}

const { activeSession, analytics, apps, livestreams, meetings, presets, recordings, sessions, webhooks } = kit;

/** Asks until the answer is as wanted; an error that tells of absence is waited out. */
async function until(ask, isSo) {
  for (const end = Date.now() + patienceMs; ; ) {
    const data = await ask().catch((fault) => {
      if (fault instanceof Cloudflare.NotFoundError || fault instanceof Cloudflare.ConflictError) {
        return undefined;
      }

      throw fault;
    });
    if (data !== undefined && isSo(data)) {
      return data;
    }

    assert.ok(Date.now() < end, `${driven} still answers ${JSON.stringify(data)}`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

// Apps, meetings, participants, presets, webhooks.
await apps.post({ account_id, name: "Live" });
assert.ok((await apps.get({ account_id })).length >= 2);
const other = (await meetings.create(app_id, { account_id, title: "Another" })).id;
assert.equal((await meetings.getMeetingByID(meetingId, at)).status, "ACTIVE");
assert.ok((await meetings.get(app_id, { account_id })).some((meeting) => meeting.id === meetingId));
await meetings.updateMeetingByID(meetingId, { ...at, title: "Live now", summarize_on_end: false });
await meetings.replaceMeetingByID(other, { ...at, title: "Replaced" });
const added = await meetings.addParticipant(other, { ...at, custom_participant_id: "carol", preset_name: "group_call_host", name: "Carol" });
const inOther = { ...at, meeting_id: other };
assert.equal((await meetings.getMeetingParticipants(meetingId, at)).length, 2);
await meetings.getMeetingParticipant(stayer.participantId, { ...at, meeting_id: meetingId });
await meetings.editParticipant(added.id, { ...inOther, name: "Caroline" });
await meetings.refreshParticipantToken(added.id, inOther);
await meetings.deleteMeetingParticipant(added.id, inOther);
const [listedPreset] = await presets.get(app_id, { account_id });
const { config, permissions, ui } = await presets.getPresetByID(listedPreset.id, at);
const preset = (await presets.create(app_id, { account_id, name: "live", config, permissions, ui })).id;
await presets.update(preset, { ...at, permissions: { can_record: false } });
await presets.replacePresetByID(preset, { ...at, name: "live 2", config, permissions, ui });
await presets.delete(preset, at);
const hook = { account_id, name: "All", url: "https://hooks.example.org/", events: ["meeting.ended"], enabled: false };
const webhook = (await webhooks.createWebhook(app_id, hook)).id;
await webhooks.getWebhooks(app_id, { account_id });
await webhooks.getWebhookByID(webhook, at);
await webhooks.editWebhook(webhook, { ...at, name: "Some" });
await webhooks.replaceWebhook(webhook, { app_id, ...hook });
await webhooks.deleteWebhook(webhook, at);

// The session under way.
const live = await activeSession.getActiveSession(meetingId, at);
assert.deepEqual([live.id, live.status, live.live_participants, "ended_at" in live], [sessionId, "LIVE", 2, false]);
const { poll } = await activeSession.createPoll(meetingId, { ...at, question: "Where to?", options: ["Sea", "Hills"] });
assert.deepEqual(poll.options.map((option) => [option.text, option.count]), [["Sea", 0], ["Hills", 0]]);
assert.deepEqual((await sessions.getSessions(app_id, { account_id, status: "LIVE" })).sessions.map((session) => session.id), [sessionId]);
await sessions.getSessionDetails(sessionId, { ...at, include_breakout_rooms: true });
const there = (await sessions.getSessionParticipants(sessionId, { ...at, include_peer_events: true })).participants;
assert.deepEqual(there.map((each) => each.id).sort(), [stayer.peerId, leaver.peerId].sort());
const isMeasured = ({ participant }) =>
  participant.peer_report.quality?.video_producer?.length > 0 && participant.peer_report.quality.audio_consumer?.length > 0;
await until(() => sessions.getSessionParticipantDetails(stayer.participantId, { ...at, session_id: sessionId, include_peer_events: true }), isMeasured);
await until(() => sessions.getParticipantDataFromPeerID(stayer.peerId, at), isMeasured);
await until(() => sessions.getSessionChat(sessionId, at), (chat) => chat.chat_download_url.length > 0);
await until(() => sessions.getSessionTranscripts(sessionId, at), (transcript) => transcript.sessionId === sessionId);

// Recordings of it.
const recording = (await recordings.startRecordings(app_id, { account_id, meeting_id: meetingId })).id;
await until(() => recordings.getOneRecording(recording, at), (each) => each.status === "RECORDING");
assert.equal((await recordings.getActiveRecordings(meetingId, at)).id, recording);
assert.equal((await recordings.pauseResumeStopRecording(recording, { ...at, action: "pause" })).status, "PAUSED");
assert.equal((await recordings.pauseResumeStopRecording(recording, { ...at, action: "resume" })).status, "RECORDING");
const tracks = (await recordings.startTrackRecording(app_id, { account_id, meeting_id: meetingId })).recording;
assert.equal(tracks.type, "TRACK");
await until(() => recordings.getOneRecording(tracks.id, at), (each) => each.status === "RECORDING");
await new Promise((resolve) => setTimeout(resolve, 3_000)); // So that there is something to keep.
for (const id of [recording, tracks.id]) {
  await recordings.pauseResumeStopRecording(id, { ...at, action: "stop" });
}

assert.equal((await recordings.getRecordings(app_id, { account_id, meeting_id: meetingId, search: "live NOW" })).length, 2);

// A livestream of it.
const started = await livestreams.startLivestreamingAMeeting(meetingId, { ...at, name: "On air", video_config: { width: 640, height: 360 } });
await until(() => livestreams.getMeetingActiveLivestreams(meetingId, at), (livestream) => livestream.status === "LIVE");
await until(() => livestreams.getActiveLivestreamsForLivestreamID(started.id, at), (active) => active.session.started_time !== null);
const { session: onAir } = await livestreams.getLivestreamSessionForLivestreamID(started.id, at);
await livestreams.getLivestreamSessionDetailsForSessionID(onAir.id, at);
assert.equal((await livestreams.getAllLivestreams(app_id, { account_id, status: "LIVE" })).id, started.id);
await livestreams.stopLivestreamingAMeeting(meetingId, at);
await until(() => livestreams.getLivestreamSessionDetailsForSessionID(onAir.id, at), (each) => each.stopped_time !== null);
assert.equal((await livestreams.getLivestreamAnalyticsComplete(app_id, { account_id })).count, 1);
await livestreams.getLivestreamAnalyticsDaywise(app_id, { account_id });
await livestreams.getOrgAnalytics(app_id, { account_id });
assert.equal((await analytics.getOrgAnalytics(app_id, { account_id })).session_stats.sessions_count, 1);

// Its end, and what it leaves.
const kicked = await activeSession.kickParticipants(meetingId, { ...at, participant_ids: [], custom_participant_ids: [leaver.customId] });
assert.deepEqual(kicked.participants.map((each) => each.id), [leaver.participantId]);
assert.equal((await activeSession.kickAllParticipants(meetingId, at)).kicked_participants_count, 1);
await until(() => sessions.getSessionDetails(sessionId, at), (session) => session.status === "ENDED" && session.minutes_consumed > 0);
await until(() => sessions.generateSummaryOfTranscripts(sessionId, at), (summary) => summary.status === "COMPLETED");
await until(() => sessions.getSessionSummary(sessionId, at), (summary) => summary.sessionId === sessionId);
for (const id of [recording, tracks.id]) {
  const done = await until(() => recordings.getOneRecording(id, at), (each) => ["UPLOADED", "ERRORED"].includes(each.status));
  assert.deepEqual([done.status, done.session_id], ["UPLOADED", sessionId]);
}

console.log(JSON.stringify({ all }));
