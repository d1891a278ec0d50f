// Drives the unmodified official client against a server and writes one JSON line for each check.
//
//   node conformance.mjs <facts.json>
//
// The facts: origin, accountId, appId, writeToken, readToken, otherAccountId, liveLivestreamId, a livestream of the app that is
// on air, and sessionId, a session that has ended and left all that it can, with its one peer, peerId. The server may hold anything else besides.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import Cloudflare from "cloudflare";

const facts = JSON.parse(readFileSync(process.argv[2], "utf8"));
const account_id = facts.accountId;
const app_id = facts.appId;
const absentId = "3fd739f4-3c41-456e-bfba-6ebd51e16d2c";
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

let requests = 0;

/** A client as its users make it, with only the base address changed. */
function clientOf({ baseURL = `${facts.origin}/client/v4`, apiToken = facts.writeToken, ...rest } = {}) {
  const counted = (...request) => {
    requests++;
    return fetch(...request);
  };
  return new Cloudflare({ baseURL, apiToken, fetch: counted, ...rest });
}

const client = clientOf();
const { activeSession, analytics, apps, livestreams, meetings, presets, recordings, sessions, webhooks } = client.realtimeKit;
const livestreamsPath = `/accounts/${account_id}/realtime/kit/${app_id}/livestreams`;

/** Expects an error of a class of the client, and that it was not repeated. */
async function refused(call, errorClass, status, code) {
  requests = 0;
  const error = await call().then(
    () => assert.fail("the call succeeded"),
    (fault) => fault,
  );
  assert.ok(error instanceof errorClass, `${error.constructor.name}: ${error.message}`);
  assert.equal(error.status, status);
  assert.equal(error.errors[0].code, code);
  assert.equal(typeof error.errors[0].message, "string");
  assert.equal(requests, 1, "the client repeated the call");
  return error;
}

function assertLivestream(livestream) {
  assert.match(livestream.id, uuid);
  assert.match(livestream.created_at, timestamp);
  assert.match(livestream.updated_at, timestamp);
  assert.match(livestream.ingest_server, /^rtmps?:\/\/.+\/$/);
  assert.match(livestream.stream_key, /^[0-9a-f]{64}$/);
  assert.match(livestream.playback_url, /^https?:\/\/.+\.m3u8$/);
  assert.ok(["LIVE", "IDLE", "ERRORED", "INVOKED"].includes(livestream.status));
  assert.equal(livestream.disabled, false);
  assert.equal(livestream.meeting_id, null);
}

function assertSession(session, livestreamId) {
  assert.match(session.id, uuid);
  assert.equal(session.livestream_id, livestreamId);
  assert.match(session.created_at, timestamp);
  assert.match(session.updated_at, timestamp);
  assert.match(session.started_time, timestamp);
  assert.equal(typeof session.ingest_seconds, "number");
  assert.equal(typeof session.viewer_seconds, "number");
  assert.ok("stopped_time" in session && "err_message" in session);
}

function makeLivestream(name) {
  return client.post(livestreamsPath, name === undefined ? {} : { body: { name } });
}

const checks = {
  async "apps.post makes an app and apps.get lists it"() {
    const name = `conformance ${crypto.randomUUID()}`;
    const made = await apps.post({ account_id, name });
    assert.equal(made.success, true);
    assert.match(made.data.app.id, uuid);
    assert.match(made.data.app.created_at, timestamp);
    assert.equal(made.data.app.name, name);

    const found = await apps.get({ account_id, search: name, sort_order: "DESC", page_no: 1, per_page: 10 });
    assert.deepEqual(found.data, [made.data.app]);
    assert.deepEqual(found.paging, { start_offset: 1, end_offset: 1, total_count: 1 });
    assert.deepEqual(await client.get(`/accounts/${account_id}/realtime/kit/apps/${made.data.app.id}`).then((app) => app.data), made.data.app);
  },

  async "meetings: create, get, list, update, replace"() {
    const made = await meetings.create(app_id, {
      account_id,
      title: `conformance ${crypto.randomUUID()}`,
      persist_chat: true,
      session_keep_alive_time_in_secs: 120,
      ai_config: { transcription: { language: "en-US", keywords: ["Roomcast"] }, summarization: { word_limit: 200 } },
      recording_config: { max_seconds: 60, video_config: { codec: "H264", width: 1280 }, storage_config: { type: "aws", access_key: "k", secret: "s", region: "eu" } },
    });
    assert.equal(made.success, true);
    assert.match(made.data.id, uuid);
    assert.match(made.data.created_at, timestamp);
    assert.equal(made.data.status, "ACTIVE");
    assert.equal(made.data.session_keep_alive_time_in_secs, 120);
    assert.deepEqual(made.data.recording_config.storage_config, { type: "aws", region: "eu" });

    const meeting_id = made.data.id;
    assert.deepEqual((await meetings.getMeetingByID(meeting_id, { account_id, app_id })).data, made.data);
    const { ai_config, ...listed } = made.data;
    assert.equal(ai_config.transcription.language, "en-US");
    const found = await meetings.get(app_id, { account_id, search: made.data.title, page_no: 1, per_page: 5, start_time: made.data.created_at, end_time: made.data.created_at });
    assert.deepEqual(found.data, [listed]);
    assert.deepEqual(found.paging, { start_offset: 1, end_offset: 1, total_count: 1 });

    const changed = await meetings.updateMeetingByID(meeting_id, { account_id, app_id, status: "INACTIVE", title: "Changed" });
    assert.deepEqual([changed.data.status, changed.data.title, changed.data.persist_chat], ["INACTIVE", "Changed", true]);
    const replaced = await meetings.replaceMeetingByID(meeting_id, { account_id, app_id, title: "Replaced" });
    assert.deepEqual([replaced.data.status, replaced.data.title, replaced.data.persist_chat], ["INACTIVE", "Replaced", false]);
    await refused(() => meetings.create(app_id, { account_id, session_keep_alive_time_in_secs: 5 }), Cloudflare.BadRequestError, 400, 40001);
    await refused(() => meetings.getMeetingByID(absentId, { account_id, app_id }), Cloudflare.NotFoundError, 404, 40401);
  },

  async "participants: add, list, get, edit, refresh, delete"() {
    const meeting_id = (await meetings.create(app_id, { account_id })).data.id;
    const add = (preset_name) =>
      meetings.addParticipant(meeting_id, { account_id, app_id, custom_participant_id: "alice", preset_name, name: "Alice ü~?", picture: "https://example.org/a.png" });
    const { data: added, response } = await add("group_call_host").withResponse();
    assert.equal(response.status, 201);
    const claims = JSON.parse(atob(added.data.token.split(".")[1])); // As the web client reads it.
    assert.deepEqual([claims.meetingId, claims.orgId, claims.participantId], [meeting_id, app_id, added.data.id]);
    assert.equal((await add("group_call_participant")).data.id, added.data.id);

    const inMeeting = { account_id, app_id, meeting_id };
    const listed = await meetings.getMeetingParticipants(meeting_id, { account_id, app_id, page_no: 1, per_page: 10 });
    assert.equal(listed.paging.total_count, 1);
    assert.deepEqual((await meetings.getMeetingParticipant(added.data.id, inMeeting)).data, listed.data[0]);
    const edited = await meetings.editParticipant(added.data.id, { ...inMeeting, name: "Alicia", preset_name: "webinar_viewer" });
    assert.deepEqual([edited.data.name, edited.data.preset_name, typeof edited.data.token], ["Alicia", "webinar_viewer", "string"]);
    const refreshed = await meetings.refreshParticipantToken(added.data.id, inMeeting);
    assert.ok(refreshed.data.token.startsWith("eyJ"));
    const deleted = await meetings.deleteMeetingParticipant(added.data.id, inMeeting);
    assert.equal(deleted.data.custom_participant_id, "alice");
    await refused(() => meetings.refreshParticipantToken(added.data.id, inMeeting), Cloudflare.NotFoundError, 404, 40401);
    await refused(() => add("nobody"), Cloudflare.BadRequestError, 400, 40001);

    const participant = clientOf({ apiToken: added.data.token });
    await refused(() => participant.realtimeKit.apps.get({ account_id }), Cloudflare.AuthenticationError, 401, 40101);
  },

  async "presets: list, get, create whole, update, replace, delete"() {
    const builtIn = await presets.get(app_id, { account_id, page_no: 1, per_page: 100 });
    assert.ok(["group_call_host", "group_call_participant", "webinar_presenter", "webinar_viewer", "livestream_host", "livestream_viewer"].every(
      (name) => builtIn.data.some((preset) => preset.name === name)));
    const host = (await presets.getPresetByID(builtIn.data.find((preset) => preset.name === "group_call_host").id, { account_id, app_id })).data;

    const { config, permissions, ui } = host;
    const name = `conformance ${crypto.randomUUID()}`;
    const made = await presets.create(app_id, { account_id, name, config, permissions, ui });
    assert.deepEqual([made.data.config, made.data.permissions, made.data.ui], [config, permissions, ui]);
    await refused(() => presets.create(app_id, { account_id, name, config, permissions, ui }), Cloudflare.ConflictError, 409, 40900);

    const one = { account_id, app_id };
    const changed = await presets.update(made.data.id, { ...one, permissions: { can_record: false } });
    assert.deepEqual(changed.data.permissions, { ...permissions, can_record: false });
    const replaced = await presets.replacePresetByID(made.data.id, { ...one, name: `${name} 2`, config, permissions, ui });
    assert.deepEqual(replaced.data.permissions, permissions);
    assert.equal((await presets.get(app_id, { account_id, search: name })).data.length, 1);
    assert.equal((await presets.delete(made.data.id, one)).data.id, made.data.id);
    await refused(() => presets.getPresetByID(made.data.id, one), Cloudflare.NotFoundError, 404, 40401);
  },

  async "active session: every call says when nobody is there"() {
    const meeting_id = (await meetings.create(app_id, { account_id })).data.id;
    const one = { account_id, app_id };
    for (const call of [
      () => activeSession.getActiveSession(meeting_id, one),
      () => activeSession.kickParticipants(meeting_id, { ...one, participant_ids: [absentId], custom_participant_ids: ["alice"] }),
      () => activeSession.kickAllParticipants(meeting_id, one),
      () => activeSession.createPoll(meeting_id, { ...one, question: "Where to?", options: ["Sea", "Hills"] }),
      () => client.post(`/accounts/${account_id}/realtime/kit/${app_id}/meetings/${meeting_id}/active-session/mute`, { body: { participant_ids: [absentId] } }),
      () => client.post(`/accounts/${account_id}/realtime/kit/${app_id}/meetings/${meeting_id}/active-session/mute-all`, { body: { allow_unmute: true } }),
    ]) {
      await refused(call, Cloudflare.NotFoundError, 404, 40402);
    }

    await refused(() => activeSession.kickParticipants(meeting_id, one), Cloudflare.BadRequestError, 400, 40001);
    await refused(() => activeSession.createPoll(meeting_id, { ...one, question: "?", options: ["one"] }), Cloudflare.BadRequestError, 400, 40001);
    await refused(() => activeSession.getActiveSession(absentId, one), Cloudflare.NotFoundError, 404, 40401);
  },

  async "webhooks: create, list, get, edit, replace, delete"() {
    const url = "https://hooks.example.org/events?secret=x";
    const made = await webhooks.createWebhook(app_id, { account_id, name: "All", url, events: ["meeting.started", "recording.statusUpdate"] });
    assert.equal(made.success, true);
    const { id, created_at, updated_at, ...rest } = made.data;
    assert.match(id, uuid);
    assert.match(created_at, timestamp);
    assert.match(updated_at, timestamp);
    assert.deepEqual(rest, { name: "All", url, enabled: true, events: ["meeting.started", "recording.statusUpdate"] });
    assert.deepEqual((await webhooks.getWebhooks(app_id, { account_id })).data, [made.data]);
    assert.deepEqual((await webhooks.getWebhookByID(id, { account_id, app_id })).data, made.data);

    const edited = await webhooks.editWebhook(id, { account_id, app_id, enabled: false });
    assert.deepEqual([edited.data.enabled, edited.data.name, edited.data.url], [false, "All", url]);
    const replaced = await webhooks.replaceWebhook(id, { account_id, app_id, name: "Ends", url, events: ["meeting.ended"] });
    assert.deepEqual([replaced.data.enabled, replaced.data.name, replaced.data.events], [true, "Ends", ["meeting.ended"]]);
    const names = await client.get(`/accounts/${account_id}/realtime/kit/${app_id}/webhooks/all`);
    assert.equal(names.data.events.length, 9);
    const deliveries = await client.get(`/accounts/${account_id}/realtime/kit/${app_id}/webhooks/${id}/deliveries`);
    assert.deepEqual([deliveries.data, deliveries.paging.total_count], [[], 0]);

    assert.equal((await webhooks.deleteWebhook(id, { account_id, app_id })).data.id, id);
    await refused(() => webhooks.getWebhookByID(id, { account_id, app_id }), Cloudflare.NotFoundError, 404, 40401);
    await refused(() => webhooks.createWebhook(app_id, { account_id, name: "x", url, events: [] }), Cloudflare.BadRequestError, 400, 40001);
    await refused(() => webhooks.createWebhook(app_id, { account_id, name: "x", url: "http://127.0.0.1/", events: ["meeting.ended"] }), Cloudflare.BadRequestError, 400, 40001);
  },

  async "client.post makes an independent livestream, with a body and without"() {
    const { data: named, response } = await makeLivestream("Named").withResponse();
    assert.equal(response.status, 201);
    assert.equal(named.success, true);
    assert.deepEqual(named.result, named.data);
    assert.equal(named.data.name, "Named");
    assert.equal(named.data.status, "INVOKED");
    assertLivestream(named.data);

    const nameless = await makeLivestream();
    assert.equal(nameless.data.name, null);
    assert.notEqual(nameless.data.stream_key, named.data.stream_key);
  },

  async "recordings of a quiet meeting are none, and its start is refused without repetition"() {
    const { data: meeting } = await meetings.create(app_id, { account_id, title: "Quiet" });
    const listed = await recordings.getRecordings(app_id, {
      account_id, meeting_id: meeting.id, page_no: 1, per_page: 5, expired: false, sort_by: "invokedTime", sort_order: "DESC",
      status: ["INVOKED", "UPLOADED"],
    });
    assert.deepEqual(listed.data, []);
    assert.equal(listed.paging.total_count, 0);
    const start = { account_id, meeting_id: meeting.id, max_seconds: 60, file_name_prefix: "quiet" };
    await refused(() => recordings.startRecordings(app_id, start), Cloudflare.NotFoundError, 404, 40402);
    await refused(() => recordings.startTrackRecording(app_id, { account_id, meeting_id: meeting.id }), Cloudflare.NotFoundError, 404, 40402);
    await refused(() => recordings.getActiveRecordings(meeting.id, { account_id, app_id }), Cloudflare.NotFoundError, 404, 40403);
    await refused(() => recordings.getOneRecording(absentId, { account_id, app_id }), Cloudflare.NotFoundError, 404, 40401);
    await refused(
      () => recordings.pauseResumeStopRecording(absentId, { account_id, app_id, action: "stop" }), Cloudflare.NotFoundError, 404, 40401);
    await refused(
      () => recordings.startRecordings(app_id, { ...start, video_config: { codec: "VP9" } }), Cloudflare.NotFoundError, 404, 40402);
    await refused(
      () => recordings.startRecordings(app_id, { ...start, video_config: { codec: "VP9" }, audio_config: { codec: "MP3" } }),
      Cloudflare.BadRequestError, 400, 40001);
  },

  async "a quiet meeting is not livestreamed, and every call says so"() {
    const { data: meeting } = await meetings.create(app_id, { account_id, title: "Quiet" });
    const at = { account_id, app_id };
    await refused(
      () => livestreams.startLivestreamingAMeeting(meeting.id, { ...at, name: "Quiet", video_config: { width: 1280, height: 720 } }),
      Cloudflare.NotFoundError, 404, 40402);
    await refused(
      () => livestreams.startLivestreamingAMeeting(meeting.id, { ...at, video_config: { width: 0, height: 720 } }),
      Cloudflare.BadRequestError, 400, 40001);
    await refused(() => livestreams.getMeetingActiveLivestreams(meeting.id, at), Cloudflare.NotFoundError, 404, 40404);
    await refused(() => livestreams.stopLivestreamingAMeeting(meeting.id, at), Cloudflare.NotFoundError, 404, 40404);
    await refused(() => livestreams.stopLivestreamingAMeeting(absentId, at), Cloudflare.NotFoundError, 404, 40401);
  },

  async "livestreams.getAllLivestreams lists, filters and pages"() {
    const first = (await makeLivestream("first")).data;
    await new Promise((resolve) => setTimeout(resolve, 5)); // Livestreams of one millisecond have no order.
    const second = (await makeLivestream("second")).data;
    const page = await livestreams.getAllLivestreams(app_id, {
      account_id,
      exclude_meetings: true,
      page_no: 1,
      per_page: 2,
      sort_order: "DSC",
      status: "INVOKED",
      start_time: first.created_at,
      end_time: new Date(Date.now() + 3_600_000).toISOString(),
    });
    assert.equal(page.success, true);
    assert.equal(page.data.id, second.id);
    assertLivestream(page.data);
    assert.deepEqual(page.data.livestreams.map((livestream) => livestream.id), [second.id, first.id]);
    assert.deepEqual(page.data.paging, { start_offset: 1, end_offset: 2, total_count: 2 });
    assert.deepEqual(page.paging, page.data.paging);

    const live = await livestreams.getAllLivestreams(app_id, { account_id, status: "LIVE", sort_order: "ASC", exclude_meetings: false });
    assert.ok(live.data.livestreams.some((livestream) => livestream.id === facts.liveLivestreamId));
  },

  async "livestreams.getLivestreamSessionForLivestreamID tells a livestream and its sessions"() {
    const { data } = await livestreams.getLivestreamSessionForLivestreamID(facts.liveLivestreamId, { account_id, app_id, page_no: 1, per_page: 1 });
    assertLivestream(data.livestream);
    assert.equal(data.livestream.id, facts.liveLivestreamId);
    assertSession(data.session, facts.liveLivestreamId);
    assert.deepEqual(data.sessions, [data.session]);
    assert.equal(data.paging.start_offset, 1);

    const fresh = (await makeLivestream()).data;
    const { data: unseen } = await livestreams.getLivestreamSessionForLivestreamID(fresh.id, { account_id, app_id });
    assert.equal(unseen.session, undefined);
    assert.deepEqual(unseen.paging, { start_offset: 0, end_offset: 0, total_count: 0 });
  },

  async "livestreams.getActiveLivestreamsForLivestreamID tells the session on air"() {
    const { data } = await livestreams.getActiveLivestreamsForLivestreamID(facts.liveLivestreamId, { account_id, app_id });
    assertLivestream(data.livestream);
    assert.equal(data.livestream.status, "LIVE");
    assertSession(data.session, facts.liveLivestreamId);
    assert.equal(data.session.stopped_time, null);
  },

  async "livestreams.getLivestreamSessionDetailsForSessionID tells a session"() {
    const active = await livestreams.getActiveLivestreamsForLivestreamID(facts.liveLivestreamId, { account_id, app_id });
    const { data } = await livestreams.getLivestreamSessionDetailsForSessionID(active.data.session.id, { account_id, app_id });
    assertSession(data, facts.liveLivestreamId);
    assert.equal(data.id, active.data.session.id);
  },

  async "livestreams.getLivestreamAnalyticsComplete adds up, with Unix seconds and without"() {
    const now = Math.floor(Date.now() / 1000);
    const whole = await livestreams.getLivestreamAnalyticsComplete(app_id, { account_id });
    const range = await livestreams.getLivestreamAnalyticsComplete(app_id, { account_id, start_time: now - 86_400, end_time: now + 60 });
    const past = await livestreams.getLivestreamAnalyticsComplete(app_id, { account_id, start_time: 0, end_time: 86_400 });
    for (const { data } of [whole, range, past]) {
      assert.ok(Object.values(data).every(Number.isInteger));
      assert.deepEqual(Object.keys(data).sort(), ["count", "total_ingest_seconds", "total_viewer_seconds"]);
    }

    assert.ok(whole.data.count >= 1 && range.data.count >= 1);
    assert.deepEqual(past.data, { count: 0, total_ingest_seconds: 0, total_viewer_seconds: 0 });
  },

  async "livestreams.getLivestreamAnalyticsDaywise tells every day"() {
    const now = Math.floor(Date.now() / 1000);
    const { data } = await livestreams.getLivestreamAnalyticsDaywise(app_id, { account_id, start_time: now - 2 * 86_400, end_time: now });
    assert.equal(data.length, 3);
    assert.ok(data.every((day) => /^\d{4}-\d\d-\d\d$/.test(day.date)));
    assert.equal((await livestreams.getLivestreamAnalyticsDaywise(app_id, { account_id })).data.length, 31);
  },

  async "sessions: list, details, participants, one participant, peer report"() {
    const at = { account_id, app_id };
    const listed = await sessions.getSessions(app_id, {
      account_id, page_no: 1, per_page: 10, sort_by: "minutesConsumed", sort_order: "DESC", status: "ENDED", search: "weekly", participants: "alice",
      start_time: new Date(Date.now() - 86_400_000).toISOString(), end_time: new Date().toISOString(),
    });
    const [session] = listed.data.sessions;
    assert.deepEqual([session.id, session.status, session.minutes_consumed], [facts.sessionId, "ENDED", 5]);
    assert.equal(listed.paging.total_count, 1);
    assert.equal((await sessions.getSessions(app_id, { account_id, associated_id: session.associated_id })).data.sessions.length, 1);
    const details = await sessions.getSessionDetails(facts.sessionId, { ...at, include_breakout_rooms: true });
    assert.deepEqual(details.data, { ...session, breakout_rooms: [] });

    const there = await sessions.getSessionParticipants(facts.sessionId, {
      ...at, page_no: 1, per_page: 5, search: "ALI", sort_by: "duration", sort_order: "ASC", include_peer_events: true, view: "consolidated",
    });
    const [alice] = there.data.participants;
    assert.deepEqual([alice.id, alice.custom_participant_id, alice.duration], [facts.peerId, "alice", 5]);
    assert.deepEqual(alice.peer_events.map((event) => event.event_name), ["PEER_CREATED", "PEER_JOINING", "PEER_LEAVING"]);
    const one = await sessions.getSessionParticipantDetails(alice.user_id, { ...at, session_id: facts.sessionId, include_peer_events: false });
    assert.equal(one.data.participant.id, facts.peerId);
    const report = await sessions.getParticipantDataFromPeerID(facts.peerId, { ...at, filters: "quality_stats" });
    assert.equal(report.data.participant.session_id, facts.sessionId);
    assert.equal(report.data.participant.peer_report.quality.audio_producer[0].packets_sent, 501);

    await refused(() => sessions.getSessions(app_id, { account_id, status: "OVER" }), Cloudflare.BadRequestError, 400, 40001);
    for (const call of [
      () => sessions.getSessionDetails(absentId, at),
      () => sessions.getSessionParticipants(absentId, at),
      () => sessions.getSessionParticipantDetails(alice.user_id, { ...at, session_id: absentId }),
      () => sessions.getSessionParticipantDetails(absentId, { ...at, session_id: facts.sessionId }),
      () => sessions.getParticipantDataFromPeerID(absentId, at),
    ]) {
      await refused(call, Cloudflare.NotFoundError, 404, 40401);
    }
  },

  async "sessions: chat, transcript and summary lead to files"() {
    const at = { account_id, app_id };
    const chat = (await sessions.getSessionChat(facts.sessionId, at)).data;
    assert.match(chat.chat_download_url, /\.csv\?.*signature=/);
    assert.match(chat.chat_download_url_expiry, timestamp);
    const transcript = (await sessions.getSessionTranscripts(facts.sessionId, { ...at, format: "VTT" })).data;
    assert.equal(transcript.sessionId, facts.sessionId);
    assert.match(transcript.transcript_download_url, /\.vtt\?/);
    const summary = (await sessions.getSessionSummary(facts.sessionId, at)).data;
    assert.equal(summary.sessionId, facts.sessionId);
    assert.match(summary.summaryDownloadUrl, /\.md\?/);
    assert.match(summary.summaryDownloadUrlExpiry, timestamp);
    assert.deepEqual((await sessions.generateSummaryOfTranscripts(facts.sessionId, at)).data, { session_id: facts.sessionId, status: "COMPLETED" });
    for (const call of [
      () => sessions.getSessionChat(absentId, at),
      () => sessions.getSessionTranscripts(absentId, at),
      () => sessions.getSessionSummary(absentId, at),
      () => sessions.generateSummaryOfTranscripts(absentId, at),
    ]) {
      await refused(call, Cloudflare.NotFoundError, 404, 40401);
    }
  },

  async "analytics.getOrgAnalytics and livestreams.getOrgAnalytics tell the same days"() {
    const range = { account_id, start_date: new Date(Date.now() - 86_400_000).toISOString().slice(0, 10), end_date: new Date().toISOString().slice(0, 10) };
    const { data } = await analytics.getOrgAnalytics(app_id, range);
    assert.deepEqual((await livestreams.getOrgAnalytics(app_id, range)).data, data);
    assert.deepEqual([data.session_stats.sessions_count, data.session_stats.sessions_minutes_consumed], [1, 5]);
    assert.equal(data.recording_stats.recording_count, 0);
    assert.equal(data.session_stats.day_stats.length, 2);
    await refused(() => analytics.getOrgAnalytics(app_id, { account_id, start_date: "soon" }), Cloudflare.BadRequestError, 400, 40001);
  },

  async "user.tokens.verify accepts both tokens"() {
    for (const apiToken of [facts.writeToken, facts.readToken]) {
      const verified = await clientOf({ apiToken }).user.tokens.verify();
      assert.equal(verified.status, "active");
      assert.equal(typeof verified.id, "string");
    }
  },

  async "a read token reads and sees no stream key"() {
    const reader = clientOf({ apiToken: facts.readToken });
    const { data } = await reader.realtimeKit.livestreams.getLivestreamSessionForLivestreamID(facts.liveLivestreamId, { account_id, app_id });
    assert.equal(data.livestream.stream_key, null);
    await refused(() => reader.realtimeKit.apps.post({ account_id, name: "x" }), Cloudflare.PermissionDeniedError, 403, 40300);
  },

  async "a bad token is an AuthenticationError"() {
    const stranger = clientOf({ apiToken: "rct_unknown" });
    await refused(() => stranger.realtimeKit.apps.get({ account_id }), Cloudflare.AuthenticationError, 401, 40101);
    await refused(() => stranger.user.tokens.verify(), Cloudflare.AuthenticationError, 401, 40101);

    const older = clientOf({ apiToken: null, apiEmail: "someone@example.org", apiKey: "0123456789abcdef" });
    await refused(() => older.realtimeKit.apps.get({ account_id }), Cloudflare.AuthenticationError, 401, 40100);
  },

  async "another account is a PermissionDeniedError"() {
    await refused(() => apps.get({ account_id: facts.otherAccountId }), Cloudflare.PermissionDeniedError, 403, 40300);
  },

  async "what is absent is a NotFoundError"() {
    const idle = (await makeLivestream()).data;
    await refused(() => livestreams.getAllLivestreams(absentId, { account_id }), Cloudflare.NotFoundError, 404, 40401);
    await refused(() => livestreams.getLivestreamSessionForLivestreamID(absentId, { account_id, app_id }), Cloudflare.NotFoundError, 404, 40401);
    await refused(() => livestreams.getLivestreamSessionDetailsForSessionID(absentId, { account_id, app_id }), Cloudflare.NotFoundError, 404, 40401);
    await refused(() => livestreams.getActiveLivestreamsForLivestreamID(idle.id, { account_id, app_id }), Cloudflare.NotFoundError, 404, 40404);
    await refused(() => client.get("/nothing/here"), Cloudflare.NotFoundError, 404, 40400);
  },

  async "wrong input is a BadRequestError that names every fault"() {
    const query = await refused(
      () => livestreams.getAllLivestreams(app_id, { account_id, page_no: -1, status: "OFFLINE", sort_order: "DSC" }),
      Cloudflare.BadRequestError,
      400,
      40001,
    );
    assert.deepEqual(query.errors.map((fault) => fault.source.parameter).sort(), ["page_no", "status"]);

    const body = await refused(() => apps.post({ account_id, name: "" }), Cloudflare.BadRequestError, 400, 40001);
    assert.deepEqual(body.errors.map((fault) => fault.source.pointer), ["/name"]);
  },

  async "every form of the base address works"() {
    for (const baseURL of [`${facts.origin}/client/v4`, `${facts.origin}/client/v4/`, facts.origin, `${facts.origin}/`]) {
      const other = clientOf({ baseURL });
      assert.equal((await other.realtimeKit.apps.get({ account_id })).success, true, baseURL);
      assert.equal((await other.post(livestreamsPath, {})).data.status, "INVOKED", baseURL);
      await refused(() => other.get("/accounts/nothing"), Cloudflare.NotFoundError, 404, 40400);
    }
  },

  async "additions are reached by path: change, rotate, viewers, publisher, token, delete"() {
    const made = (await makeLivestream("Before")).data;
    const path = `${livestreamsPath}/${made.id}`;
    const changed = (await client.patch(path, { body: { name: "After", disabled: true } })).data;
    assert.deepEqual([changed.name, changed.disabled], ["After", true]);
    assert.notEqual((await client.post(`${path}/rotate-key`)).data.stream_key, made.stream_key);
    assert.deepEqual((await client.get(`${path}/viewers`)).data, { count: 0, by_player: [], viewers: [] });
    await refused(() => client.get(`${path}/publisher`), Cloudflare.NotFoundError, 404, 40404);
    assert.ok((await client.get(`${livestreamsPath}/${facts.liveLivestreamId}/publisher`)).data.tracks.length > 0);
    const token = (await client.post(`${path}/playback-tokens`, { body: { expires_in_seconds: 60 } })).data;
    assert.ok(token.playback_url.includes(token.token));
    assert.equal((await client.delete(path)).data.id, made.id);
    await refused(() => client.delete(path), Cloudflare.NotFoundError, 404, 40401);
  },
};

for (const [name, check] of Object.entries(checks)) {
  let fault = null;
  try {
    await check();
  } catch (error) {
    fault = String(error.stack ?? error);
  }

  console.log(JSON.stringify({ name, fault }));
}
