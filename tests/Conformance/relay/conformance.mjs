// Drives every method and event of the unmodified SDK's video namespace against a running server. The room has Ada, who sends
// sound and picture from a browser, and Eve, who is in the audience. Each check says by a line of JSON how it went.
import { existsSync, readFileSync } from 'node:fs';
import assert from 'node:assert/strict';
import { SignalWire } from '@signalwire/realtime-api';

const facts = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const patienceMs = 120_000;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const until = async (what, holds) => {
  const end = Date.now() + patienceMs;
  for (;;) {
    const value = await holds();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what} did not come about`);
    await pause(50);
  }
};
// The rejection of a call, which is the server's result.
const refused = async (call) => {
  try {
    await call();
  } catch (fault) {
    return String(fault.code ?? fault.message);
  }
  throw new Error('it was not refused');
};

const layersOf = (what) => (what.layout ?? what).layers ?? [];

const checks = [];
const check = (name, run) => checks.push({ name, run });

const heard = [];
const note = (name) => (what) => heard.push({ name, what });
const hear = (name, from, wanted = () => true) =>
  until(`${name} (heard: ${heard.slice(from).map((each) => each.name).join(', ')})`, () => heard.slice(from).find((each) => each.name === name && wanted(each.what)));

const client = await SignalWire({ host: facts.host, project: facts.project, token: facts.token });
const video = client.video;
await video.listen({ onRoomStarted: note('onRoomStarted'), onRoomEnded: note('onRoomEnded') });
say({ what: 'listening' });
// Other rooms may come and go beside it: only the one of its own meeting counts.
const { what: started } = await hear('onRoomStarted', 0, (each) => each.roomId === facts.meeting);
const ownRooms = async (of) => (await of.video.getRoomSessions()).roomSessions.filter((each) => each.roomId === facts.meeting);
say({ what: 'room started', id: started.id });

// Who is in the audience comes after the room has begun.
const audience = await until('the audience', () => existsSync(facts.audienceFile) && readFileSync(facts.audienceFile, 'utf8'));

let room;
let ada;
const all = [
  'onRoomSubscribed', 'onRoomUpdated', 'onRoomAudienceCount', 'onLayoutChanged',
  'onMemberJoined', 'onMemberLeft', 'onMemberUpdated', 'onMemberAudioMuted', 'onMemberVideoMuted', 'onMemberVisible', 'onMemberInputVolume',
  'onMemberOutputVolume', 'onMemberInputSensitivity', 'onMemberDeaf', 'onMemberTalking', 'onMemberTalkingStarted', 'onMemberTalkingEnded',
  'onMemberListUpdated', 'onStreamStarted', 'onStreamEnded', 'onRecordingStarted', 'onRecordingUpdated', 'onRecordingEnded',
  'onPlaybackStarted', 'onPlaybackUpdated', 'onPlaybackEnded',
];

check('rooms are listed and found', async () => {
  assert.equal((await ownRooms(client)).length, 1);
  ({ roomSession: room } = await video.getRoomSessionById(started.id));
  assert.equal(room.id, started.id);
  assert.equal(room.roomId, facts.meeting);
  assert.equal(room.displayName, 'Conformance');
  assert.equal(room.layoutName, 'grid-responsive');
  assert.deepEqual([room.locked, room.streaming, room.recording, room.prioritizeHandraise, room.hideVideoMuted], [false, false, false, false, false]);
  assert.equal(await refused(() => video.getRoomSessionById('0b3b4a52-9f1c-4f77-8df0-fd0e6ac2a001')), '404');
});

check('a room greets who listens, and every handler can be given', async () => {
  await room.listen(Object.fromEntries(all.map((name) => [name, note(name)])));
  await hear('onRoomSubscribed', 0);
});

check('members are listed', async () => {
  ada = await until('Ada with sound and picture', async () => {
    const { members } = await room.getMembers();
    return members.find((each) => each.name === 'Ada' && !each.audioMuted && !each.videoMuted);
  });
  assert.equal(ada.roomSessionId, room.id);
  assert.equal(ada.roomId, room.roomId);
  assert.deepEqual([ada.type, ada.deaf, ada.handraised, ada.inputVolume, ada.outputVolume, ada.inputSensitivity], ['member', false, false, 0, 0, 30]);
  const { members } = await room.getMembers();
  assert.equal(members.filter((each) => each.type === 'member').length, 1);
});

check('hands are raised and lowered', async () => {
  const from = heard.length;
  await room.setRaisedHand({ memberId: ada.id, raised: true });
  await hear('onMemberUpdated', from, (member) => member.handraised === true);
  await room.setRaisedHand({ memberId: ada.id, raised: false });
  await hear('onMemberUpdated', from, (member) => member.handraised === false);
  await room.setPrioritizeHandraise(true);
  await hear('onRoomUpdated', from, (each) => each.prioritizeHandraise === true);
  await room.setPrioritizeHandraise(false);
});

check('volumes change where they can, and others say that they cannot', async () => {
  const from = heard.length;
  await room.setInputVolume({ memberId: ada.id, volume: -20 });
  await hear('onMemberInputVolume', from, (member) => member.inputVolume === -20);
  await room.setInputVolume({ memberId: ada.id, volume: 0 });
  assert.equal(await refused(() => room.setInputVolume({ memberId: ada.id, volume: 99 })), '422');
  assert.equal(await refused(() => room.setOutputVolume({ memberId: ada.id, volume: 10 })), '501');
  await room.setInputSensitivity({ memberId: ada.id, value: 10 });
  await hear('onMemberInputSensitivity', from, (member) => member.inputSensitivity === 10);
  await room.setInputSensitivity({ memberId: ada.id, value: 30 });
  assert.equal(await refused(() => room.setInputSensitivity({ memberId: ada.id, value: 101 })), '422');
});

check('notes on members and the room are kept', async () => {
  await room.setMemberMeta({ memberId: ada.id, meta: { team: 'red' } });
  await room.updateMemberMeta({ memberId: ada.id, meta: { seat: 7 } });
  await room.deleteMemberMeta({ memberId: ada.id, keys: ['team'] });
  assert.deepEqual((await room.getMemberMeta({ memberId: ada.id })).meta, { seat: 7 });
  await room.setMeta({ a: 1, b: 2 });
  await room.updateMeta({ c: 3 });
  await room.deleteMeta(['a']);
  assert.deepEqual((await room.getMeta()).meta, { b: 2, c: 3 });
});

check('layouts and positions are chosen', async () => {
  const from = heard.length;
  const { layouts } = await room.getLayouts();
  assert.ok(layouts.includes('grid-responsive') && layouts.includes('highlight-1-responsive'));
  await room.setLayout({ name: 'full-screen' });
  await hear('onRoomUpdated', from, (each) => each.layoutName === 'full-screen');
  await room.setLayout({ name: 'grid-responsive', positions: { [ada.id]: 'standard-1' } });
  await room.setPositions({ positions: { [ada.id]: 'off-canvas' } });
  await hear('onLayoutChanged', from, (what) => layersOf(what).length === 0);
  await room.setMemberPosition({ memberId: ada.id, position: 'auto' });
  await hear('onLayoutChanged', from, (what) => layersOf(what).length === 1);
  assert.equal(await refused(() => room.setLayout({ name: 'no-such-layout' })), '422');
  await room.setHideVideoMuted(true);
  await hear('onRoomUpdated', from, (each) => each.hideVideoMuted === true);
  await room.setHideVideoMuted(false);
});

check('a room is locked and unlocked', async () => {
  const from = heard.length;
  await room.lock();
  await hear('onRoomUpdated', from, (each) => each.locked === true);
  await room.unlock();
  await hear('onRoomUpdated', from, (each) => each.locked === false);
});

check('a stream starts, is listed, and ends when it is stopped, twice', async () => {
  const from = heard.length;
  const call = room.startStream({ url: `${facts.sink}/one` });
  const stream = await call.onStarted();
  assert.deepEqual([stream.state, stream.url, stream.hasEnded, stream.endedAt], ['streaming', `${facts.sink}/one`, false, undefined]);
  assert.deepEqual([stream.roomId, stream.roomSessionId], [room.roomId, room.id]);
  assert.ok(stream.startedAt instanceof Date && !Number.isNaN(stream.startedAt.getTime()));
  assert.deepEqual((await room.getStreams()).streams.map((each) => each.id), [stream.id]);
  await hear('onRoomUpdated', from, (each) => each.streaming === true);
  await Promise.all([stream.stop(), stream.stop()]);
  const ended = await call;
  assert.deepEqual([ended.id, ended.state, ended.hasEnded], [stream.id, 'completed', true]);
  assert.ok(Math.abs(ended.duration - (ended.endedAt - ended.startedAt) / 1000) < 0.0015);
  assert.equal(await refused(() => stream.stop()), 'Action has ended');
  await hear('onRoomUpdated', from, (each) => each.streaming === false);
  assert.equal(heard.slice(from).filter((each) => each.name === 'onStreamEnded').length, 1);
});

check('several streams share one composition and end one by one', async () => {
  const calls = ['two', 'three'].map((name) => room.startStream({ url: `${facts.sink}/${name}` }));
  const streams = await until('both', async () => {
    const { streams: running } = await room.getStreams();
    return running.length === 2 && running;
  });
  assert.equal(new Set(streams.map((each) => each.id)).size, 2);
  const from = heard.length;
  await streams[0].stop();
  await hear('onStreamEnded', from, (stream) => stream.id === streams[0].id);
  assert.deepEqual((await room.getStreams()).streams.map((each) => each.id), [streams[1].id]);
  await streams[1].stop();
  await hear('onStreamEnded', from, (stream) => stream.id === streams[1].id);
  await Promise.allSettled(calls);
});

for (const [what, url] of [['dead', facts.dead], ['refusing', facts.refusing]]) {
  check(`a ${what} target ends its stream without a start, with a reason`, async () => {
    const from = heard.length;
    const call = room.startStream({ url });
    const fault = await call.onStarted().then(() => undefined, (stream) => stream);
    assert.equal(fault?.state, 'completed');
    const ended = await call;
    assert.deepEqual([ended.hasEnded, ended.startedAt, ended.duration, ended.url], [true, undefined, 0, url]);
    assert.equal(heard.slice(from).filter((each) => each.name === 'onStreamStarted').length, 0);
  });
}

check('a malformed address is refused', async () => {
  assert.equal(await refused(() => room.startStream({ url: 'http://example.com/x' })), '422');
});

check('a recording starts, pauses, goes on and stops', async () => {
  const from = heard.length;
  const call = room.startRecording();
  const recording = await call.onStarted();
  assert.equal(recording.state, 'recording');
  await recording.pause();
  await hear('onRecordingUpdated', from, (each) => each.state === 'paused');
  await recording.resume();
  await hear('onRecordingUpdated', from, (each) => each.state === 'recording');
  assert.deepEqual((await room.getRecordings()).recordings.map((each) => each.id), [recording.id]);
  await recording.stop();
  const ended = await call;
  assert.deepEqual([ended.id, ended.state, ended.hasEnded], [recording.id, 'completed', true]);
  await hear('onRoomUpdated', from, (each) => each.recording === false);
});

check('what cannot be played is refused, or ends without a start', async () => {
  assert.deepEqual((await room.getPlaybacks()).playbacks, []);
  assert.equal(await refused(() => room.play({ url: 'file:///etc/passwd' })), '422');
  assert.equal(await refused(() => room.play({ url: 'http://10.0.0.1/a.mp4' })), '422');
  const from = heard.length;
  const call = room.play({ url: facts.dead.replace('rtmp', 'http') });
  const fault = await call.onStarted().then(() => undefined, (playback) => playback);
  assert.equal(fault?.state, 'completed');
  await hear('onPlaybackEnded', from, (playback) => playback.hasEnded);
  assert.equal(heard.slice(from).filter((each) => each.name === 'onPlaybackStarted').length, 0);
});

check('the audience comes on stage and goes off it', async () => {
  const from = heard.length;
  await room.promote({ memberId: audience, mediaAllowed: 'all' });
  say({ what: 'promoted' });
  await hear('onMemberJoined', from, (member) => member.id === audience);
  await hear('onRoomAudienceCount', from, (each) => each.total === 0);
  await room.demote({ memberId: audience });
  await hear('onMemberLeft', from, (member) => member.id === audience);
  await hear('onRoomAudienceCount', from, (each) => each.total === 1);
});

check('members are muted, and what they have switched off stays theirs', async () => {
  const from = heard.length;
  await room.audioMute({ memberId: ada.id });
  await hear('onMemberAudioMuted', from, (member) => member.audioMuted === true);
  await room.videoMute({ memberId: ada.id });
  await hear('onMemberVideoMuted', from, (member) => member.videoMuted === true);
  await hear('onMemberVisible', from, (member) => member.visible === false);
  const unmuted = await Promise.all([room.audioUnmute, room.videoUnmute].map((unmute) => unmute.call(room, { memberId: ada.id }).then(() => '200', (fault) => fault.code)));
  assert.ok(unmuted.every((code) => code === '200' || code === '409'), JSON.stringify(unmuted));
  assert.equal(await refused(() => room.audioMute()), '422');
  assert.equal(await refused(() => room.audioMute({ memberId: '0b3b4a52-9f1c-4f77-8df0-fd0e6ac2a001' })), '404');
});

check('what is not subscribed to is not heard, and unknown methods are refused', async () => {
  const other = await SignalWire({ host: facts.host, project: facts.project, token: facts.token });
  assert.equal((await ownRooms(other)).length, 1);
  other.disconnect();
});

check('a wrong token is told by onAuthError', async () => {
  let fault;
  const stranger = await SignalWire({ host: facts.host, project: facts.project, token: 'rct_wrong', listen: { onAuthError: (error) => { fault = error; } } });
  await until('onAuthError', () => fault);
  assert.equal(fault.code, -32002);
  stranger.disconnect();
});

// What happens in other rooms says so; what says nothing is of the room that is listened to.
const isOwn = (what) => (what.roomSessionId ?? room.id) === room.id && (what.roomId ?? facts.meeting) === facts.meeting;

check('a member is sent no sound, and then again', async () => {
  const from = heard.length;
  await room.deaf({ memberId: ada.id });
  await hear('onMemberDeaf', from, (member) => member.deaf === true);
  await room.undeaf({ memberId: ada.id });
  await hear('onMemberDeaf', from, (member) => member.deaf === false);
});

check('everybody is removed, what runs ends first, and the room ends last', async () => {
  const from = heard.length;
  const call = room.startStream({ url: `${facts.sink}/last` });
  await call.onStarted();
  await room.removeAllMembers();
  await hear('onRoomEnded', from, isOwn);
  await call;
  const names = heard.slice(from).filter((each) => isOwn(each.what)).map((each) => each.name);
  assert.ok(names.indexOf('onStreamEnded') >= 0 && names.indexOf('onStreamEnded') < names.indexOf('onRoomEnded'), names.join());
  assert.ok(names.indexOf('onMemberLeft') >= 0 && names.indexOf('onMemberLeft') < names.indexOf('onRoomEnded'), names.join());
  assert.equal(names[names.length - 1], 'onRoomEnded');
});

for (const { name, run } of checks) {
  let fault = null;
  try {
    await run();
  } catch (thrown) {
    fault = thrown?.stack ?? JSON.stringify(thrown);
  }

  say({ what: 'check', name, fault });
}

client.disconnect();
say({ what: 'done' });
