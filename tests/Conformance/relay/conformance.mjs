// Drives every method and event of the unmodified SDK's video namespace against a running server. The room has Ada, who sends
// sound and picture from a browser, and Eve, who is in the audience; Cleo and Dan come when they are called. Each check says by a line
// of JSON how it went.
import { existsSync, readFileSync } from 'node:fs';
import assert from 'node:assert/strict';
import { SignalWire } from '@signalwire/realtime-api';
import { Checks, Ear, layersOf, nobody, refused, say, until } from './checking.mjs';
import { addMediaChecks } from './mediaChecks.mjs';
import { RawController } from './rawController.mjs';

const facts = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const checks = new Checks();
const check = checks.add;
const ear = new Ear();
const { note, hear, after } = ear;

const client = await SignalWire({ host: facts.host, project: facts.project, token: facts.token });
const video = client.video;
await video.listen({ onRoomStarted: note('onRoomStarted'), onRoomEnded: note('onRoomEnded') });
let room;
await video.listen({ onRoomStarted: (each) => { room = each.roomId === facts.meeting ? each : room; } });
say({ what: 'listening' });
// Other rooms may come and go beside it: only the one of its own meeting counts.
const started = await hear('onRoomStarted', 0, (each) => each.roomId === facts.meeting);
const ownRooms = async (of) => (await of.video.getRoomSessions()).roomSessions.filter((each) => each.roomId === facts.meeting);

// Before anybody talks.
const all = [
  'onRoomSubscribed', 'onRoomUpdated', 'onRoomAudienceCount', 'onLayoutChanged',
  'onMemberJoined', 'onMemberLeft', 'onMemberUpdated', 'onMemberAudioMuted', 'onMemberVideoMuted', 'onMemberVisible', 'onMemberInputVolume',
  'onMemberOutputVolume', 'onMemberInputSensitivity', 'onMemberDeaf', 'onMemberTalking', 'onMemberTalkingStarted', 'onMemberTalkingEnded',
  'onMemberListUpdated', 'onStreamStarted', 'onStreamEnded', 'onRecordingStarted', 'onRecordingUpdated', 'onRecordingEnded',
  'onPlaybackStarted', 'onPlaybackUpdated', 'onPlaybackEnded',
];
// How loud a member hears, this server cannot change; and no event leads to the other in this version of the SDK.
const neverHeard = ['onMemberOutputVolume', 'onMemberListUpdated'];
await room.listen(Object.fromEntries(all.map((name) => [name, note(name)])));
say({ what: 'room started', id: started.id });

// Who is in the audience comes after the room has begun.
const audience = await until('the audience', () => existsSync(facts.audienceFile) && readFileSync(facts.audienceFile, 'utf8'));

let ada;
const isAda = (member) => member.id === ada.id;

check('rooms are listed and found', async () => {
  assert.equal((await ownRooms(client)).length, 1);
  ({ roomSession: room } = await video.getRoomSessionById(started.id));
  assert.equal(room.id, started.id);
  assert.equal(room.roomId, facts.meeting);
  assert.equal(room.displayName, 'Conformance');
  assert.equal(room.layoutName, 'grid-responsive');
  assert.deepEqual([room.locked, room.streaming, room.recording, room.prioritizeHandraise, room.hideVideoMuted], [false, false, false, false, false]);
  assert.equal(await refused(() => video.getRoomSessionById(nobody)), '404');
});

check('a room greets who listens, once', async () => {
  await hear('onRoomSubscribed', 0);
  assert.equal(ear.count('onRoomSubscribed', 0), 1);
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

check('who sends sound is heard to talk', async () => {
  await hear('onMemberTalkingStarted', 0, isAda);
  await hear('onMemberTalking', 0, (member) => isAda(member) && member.talking === true);
});

check('hands are raised and lowered', async () => {
  for (const isOn of [true, false]) {
    await after(() => room.setRaisedHand({ memberId: ada.id, raised: isOn }), 'onMemberUpdated', (member) => isAda(member) && member.handraised === isOn);
  }
  for (const isOn of [true, false]) {
    await after(() => room.setPrioritizeHandraise(isOn), 'onRoomUpdated', (each) => each.prioritizeHandraise === isOn);
  }
});

check('volumes change where they can, and others say that they cannot', async () => {
  for (const [set, volume] of [[room.setInputVolume, -20], [room.setMicrophoneVolume, 5], [room.setInputVolume, 0]]) {
    await after(() => set.call(room, { memberId: ada.id, volume }), 'onMemberInputVolume', (member) => isAda(member) && member.inputVolume === volume);
  }
  for (const set of [room.setInputVolume, room.setMicrophoneVolume]) {
    assert.equal(await refused(() => set.call(room, { memberId: ada.id, volume: 99 })), '422');
  }
  for (const set of [room.setOutputVolume, room.setSpeakerVolume]) {
    assert.equal(await refused(() => set.call(room, { memberId: ada.id, volume: 10 })), '501');
    assert.equal(await refused(() => set.call(room, { memberId: nobody, volume: 10 })), '404');
  }
  for (const value of [10, 30]) {
    await after(() => room.setInputSensitivity({ memberId: ada.id, value }), 'onMemberInputSensitivity', (member) => isAda(member) && member.inputSensitivity === value);
  }
  assert.equal(await refused(() => room.setInputSensitivity({ memberId: ada.id, value: 101 })), '422');
});

check('notes on members and the room are kept, and told of', async () => {
  const hasMeta = (meta) => (member) => isAda(member) && JSON.stringify(member.meta) === JSON.stringify(meta);
  await after(() => room.setMemberMeta({ memberId: ada.id, meta: { team: 'red' } }), 'onMemberUpdated', hasMeta({ team: 'red' }));
  await after(() => room.updateMemberMeta({ memberId: ada.id, meta: { seat: 7 } }), 'onMemberUpdated', hasMeta({ team: 'red', seat: 7 }));
  await after(() => room.deleteMemberMeta({ memberId: ada.id, keys: ['team'] }), 'onMemberUpdated', hasMeta({ seat: 7 }));
  assert.deepEqual((await room.getMemberMeta({ memberId: ada.id })).meta, { seat: 7 });
  const isMeta = (meta) => (each) => each.updated?.includes('meta') && JSON.stringify(each.meta) === JSON.stringify(meta);
  await after(() => room.setMeta({ a: 1, b: 2 }), 'onRoomUpdated', isMeta({ a: 1, b: 2 }));
  await after(() => room.updateMeta({ c: 3 }), 'onRoomUpdated', isMeta({ a: 1, b: 2, c: 3 }));
  await after(() => room.deleteMeta(['a']), 'onRoomUpdated', isMeta({ b: 2, c: 3 }));
  assert.deepEqual((await room.getMeta()).meta, { b: 2, c: 3 });
});

check('layouts and positions are chosen', async () => {
  const { layouts } = await room.getLayouts();
  assert.ok(layouts.includes('grid-responsive') && layouts.includes('highlight-1-responsive'));
  await after(() => room.setLayout({ name: 'full-screen' }), 'onRoomUpdated', (each) => each.layoutName === 'full-screen');
  const placing = ear.length;
  await room.setLayout({ name: 'grid-responsive', positions: { [ada.id]: 'reserved-1', self: 'standard-2' } });
  await hear('onRoomUpdated', placing, (each) => each.layoutName === 'grid-responsive');
  await hear('onMemberUpdated', placing, (member) => isAda(member) && member.requestedPosition === 'reserved-1');
  await after(() => room.setPositions({ positions: { [ada.id]: 'off-canvas' } }), 'onLayoutChanged', (what) => layersOf(what).length === 0);
  await after(() => room.setMemberPosition({ memberId: ada.id, position: 'auto' }), 'onLayoutChanged', (what) => layersOf(what).length === 1);
  assert.equal(await refused(() => room.setLayout({ name: 'no-such-layout' })), '422');
  for (const isOn of [true, false]) {
    await after(() => room.setHideVideoMuted(isOn), 'onRoomUpdated', (each) => each.hideVideoMuted === isOn);
  }
});

check('a room is locked and unlocked', async () => {
  await after(() => room.lock(), 'onRoomUpdated', (each) => each.locked === true);
  await after(() => room.unlock(), 'onRoomUpdated', (each) => each.locked === false);
});

addMediaChecks(check, ear, facts, () => ({ room, ada }));

check('the audience comes on stage and goes off it', async () => {
  const coming = ear.length;
  assert.equal(await refused(() => room.promote({ memberId: audience, meta: 'no object' })), '422');
  await room.promote({ memberId: audience, mediaAllowed: 'all', meta: { row: 3 } });
  say({ what: 'promoted' });
  say({ what: 'guests wanted' });
  await hear('onMemberJoined', coming, (member) => member.id === audience && member.meta?.row === 3);
  await hear('onRoomAudienceCount', coming, (each) => each.total === 0);
  const going = ear.length;
  await room.demote({ memberId: audience });
  await hear('onMemberLeft', going, (member) => member.id === audience);
  await hear('onRoomAudienceCount', going, (each) => each.total === 1);
});

check('a member is steered by its own methods, and removed', async () => {
  let members = [];
  const standing = () => members.map((each) => `${each.name}${each.audioMuted ? ' without sound' : ''}${each.videoMuted ? ' without picture' : ''}`);
  const [cleo, dan] = await until(() => `Cleo and Dan (there: ${standing().join(', ')})`, async () => {
    ({ members } = await room.getMembers());
    const guests = ['Cleo', 'Dan'].map((name) => members.find((each) => each.name === name && !each.audioMuted && !each.videoMuted));
    return guests.every(Boolean) && guests;
  });
  const told = (act, name, wanted) => after(act, name, (member) => member.id === cleo.id && wanted(member));
  await told(() => cleo.setRaisedHand(), 'onMemberUpdated', (member) => member.handraised === true);
  await told(() => cleo.setRaisedHand({ raised: false }), 'onMemberUpdated', (member) => member.handraised === false);
  await told(() => cleo.setInputVolume({ volume: -10 }), 'onMemberInputVolume', (member) => member.inputVolume === -10);
  await told(() => cleo.setMicrophoneVolume({ volume: 3 }), 'onMemberInputVolume', (member) => member.inputVolume === 3);
  await told(() => cleo.setInputSensitivity({ value: 55 }), 'onMemberInputSensitivity', (member) => member.inputSensitivity === 55);
  for (const set of [cleo.setOutputVolume, cleo.setSpeakerVolume]) assert.equal(await refused(() => set.call(cleo, { volume: 1 })), '501');
  for (const isDeaf of [true, false]) {
    const at = ear.length;
    await cleo.setDeaf(isDeaf);
    await hear('onMemberDeaf', at, (member) => member.id === cleo.id && member.deaf === isDeaf);
    await hear('onMemberAudioMuted', at, (member) => member.id === cleo.id && member.audioMuted === isDeaf);
  }
  await told(() => cleo.audioMute(), 'onMemberAudioMuted', (member) => member.audioMuted === true);
  await told(() => cleo.videoMute(), 'onMemberVideoMuted', (member) => member.videoMuted === true);
  await told(() => cleo.audioUnmute(), 'onMemberAudioMuted', (member) => member.audioMuted === false);
  await told(() => cleo.videoUnmute(), 'onMemberVideoMuted', (member) => member.videoMuted === false);

  await told(() => cleo.remove(), 'onMemberLeft', () => true);
  assert.equal(await refused(() => room.removeMember({ memberId: nobody })), '404');
  await after(() => room.removeMember({ memberId: dan.id }), 'onMemberLeft', (member) => member.id === dan.id);
  assert.equal(await refused(() => cleo.audioMute()), '404');
  assert.deepEqual((await room.getMembers()).members.map((each) => each.name), ['Ada']);
});

check('members are muted, and what they have switched off stays theirs', async () => {
  const silent = ear.length;
  await room.audioMute({ memberId: ada.id });
  await hear('onMemberAudioMuted', silent, (member) => isAda(member) && member.audioMuted === true);
  await hear('onMemberTalkingEnded', silent, isAda);
  await hear('onMemberTalking', silent, (member) => isAda(member) && member.talking === false);
  const dark = ear.length;
  await room.videoMute({ memberId: ada.id });
  await hear('onMemberVideoMuted', dark, (member) => isAda(member) && member.videoMuted === true);
  await hear('onMemberVisible', dark, (member) => isAda(member) && member.visible === false);

  // A browser switches its own devices off when it is muted, sooner or later: from then on they are its own to switch on again.
  for (const [unmute, name, field] of [[room.audioUnmute, 'onMemberAudioMuted', 'audioMuted'], [room.videoUnmute, 'onMemberVideoMuted', 'videoMuted']]) {
    const at = ear.length;
    const code = await unmute.call(room, { memberId: ada.id }).then(() => '200', (fault) => fault.code);
    if (code === '200') {
      await hear(name, at, (member) => isAda(member) && member[field] === false);
    } else {
      assert.equal(code, '409');
      assert.equal((await room.getMembers()).members[0][field], true);
    }
  }

  assert.equal(await refused(() => room.audioMute()), '422');
  assert.equal(await refused(() => room.audioMute({ memberId: nobody })), '404');
});

check('what is not subscribed to is not heard, and unknown methods are refused', async () => {
  const raw = await RawController.connect(facts);
  const channel = room.eventChannel;
  const types = () => raw.events.filter((each) => each.channel === channel).map((each) => each.type);
  assert.equal(await raw.codeOf('signalwire.subscribe', { event_channel: channel, events: ['video.member.updated'], get_initial_state: true }), '200');
  const stir = async () => {
    await after(() => room.lock(), 'onRoomUpdated', (each) => each.locked === true);
    await after(() => room.unlock(), 'onRoomUpdated', (each) => each.locked === false);
    for (const isOn of [true, false]) {
      await after(() => room.setRaisedHand({ memberId: ada.id, raised: isOn }), 'onMemberUpdated', (member) => isAda(member) && member.handraised === isOn);
    }
  };
  await stir();
  await until('what is subscribed to', () => types().filter((type) => type === 'video.member.updated').length >= 2);
  assert.deepEqual([...new Set(types())], ['video.room.subscribed', 'video.member.updated']);

  assert.equal(await raw.codeOf('signalwire.unsubscribe', { event_channel: channel, events: ['video.member.updated'] }), '200');
  const before = types().length;
  await stir();
  await raw.codeOf('signalwire.ping', { timestamp: 1 });
  assert.equal(types().length, before);

  assert.equal(await raw.codeOf('signalwire.subscribe', { event_channel: `room.${nobody}`, events: ['video.member.updated'] }), '404');
  for (const method of ['video.no_such_method', 'video.member.no_such_method', 'calling.dial', 'constructor']) {
    assert.equal(await raw.codeOf(method, { room_session_id: room.id }), '-32601', method);
    assert.equal(await refused(() => room._client.execute({ method, params: { room_session_id: room.id } })), '-32601', method);
  }
  raw.close();
});

check('who no longer listens is not called, and others are', async () => {
  const unlisten = await room.listen({ onRoomUpdated: note('a second ear') });
  await after(() => room.lock(), 'a second ear', (each) => each.locked === true);
  await unlisten();
  const at = ear.length;
  await after(() => room.unlock(), 'onRoomUpdated', (each) => each.locked === false);
  assert.equal(ear.count('a second ear', at), 0);
});

check('a second client finds the room as well', async () => {
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
  await after(() => room.deaf({ memberId: ada.id }), 'onMemberDeaf', (member) => isAda(member) && member.deaf === true);
  await after(() => room.undeaf({ memberId: ada.id }), 'onMemberDeaf', (member) => isAda(member) && member.deaf === false);
});

check('everybody is removed, what runs ends first, and the room ends last', async () => {
  const raw = await RawController.connect(facts);
  const channel = room.eventChannel;
  const events = ['video.room.updated', 'video.room.ended', 'video.member.left', 'video.stream.ended', 'video.layout.changed', 'video.room.audience_count'];
  assert.equal(await raw.codeOf('signalwire.subscribe', { event_channel: channel, events }), '200');
  const from = ear.length;
  const call = room.startStream({ url: `${facts.sink}/last` });
  await call.onStarted();
  await room.removeAllMembers();
  await hear('onRoomEnded', from, isOwn);
  await call;
  const names = ear.heard.slice(from).filter((each) => isOwn(each.what)).map((each) => each.name);
  assert.ok(names.indexOf('onStreamEnded') >= 0 && names.indexOf('onStreamEnded') < names.indexOf('onRoomEnded'), names.join());
  assert.ok(names.indexOf('onMemberLeft') >= 0 && names.indexOf('onMemberLeft') < names.indexOf('onRoomEnded'), names.join());
  assert.equal(names[names.length - 1], 'onRoomEnded');

  // What was sent, whether the package has a handler for it or not: nothing of the session follows its end.
  await until('the end itself', () => raw.events.some((each) => each.type === 'video.room.ended'));
  await raw.codeOf('signalwire.ping', { timestamp: 1 });
  const sent = raw.events.filter((each) => each.body.room_session_id === room.id).map((each) => each.type);
  assert.equal(sent.filter((type) => type === 'video.stream.ended').length, 1);
  assert.ok(sent.includes('video.member.left'));
  assert.equal(sent.indexOf('video.room.ended'), sent.length - 1, sent.join());
  raw.close();
});

check('every event that there is was heard, and no other', async () => {
  assert.deepEqual(all.filter((name) => ear.count(name, 0) === 0), neverHeard);
});

await checks.run();
RawController.closeAll();
client.disconnect();
say({ what: 'done' });
