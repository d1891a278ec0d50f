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
const { note, hear } = ear;

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
  const from = ear.length;
  await room.setRaisedHand({ memberId: ada.id, raised: true });
  await hear('onMemberUpdated', from, (member) => isAda(member) && member.handraised === true);
  await room.setRaisedHand({ memberId: ada.id, raised: false });
  await hear('onMemberUpdated', from, (member) => isAda(member) && member.handraised === false);
  await room.setPrioritizeHandraise(true);
  await hear('onRoomUpdated', from, (each) => each.prioritizeHandraise === true);
  await room.setPrioritizeHandraise(false);
  await hear('onRoomUpdated', from, (each) => each.prioritizeHandraise === false);
});

check('volumes change where they can, and others say that they cannot', async () => {
  const from = ear.length;
  await room.setInputVolume({ memberId: ada.id, volume: -20 });
  await hear('onMemberInputVolume', from, (member) => member.inputVolume === -20);
  await room.setMicrophoneVolume({ memberId: ada.id, volume: 5 });
  await hear('onMemberInputVolume', from, (member) => member.inputVolume === 5);
  await room.setInputVolume({ memberId: ada.id, volume: 0 });
  for (const set of [room.setInputVolume, room.setMicrophoneVolume]) {
    assert.equal(await refused(() => set.call(room, { memberId: ada.id, volume: 99 })), '422');
  }
  for (const set of [room.setOutputVolume, room.setSpeakerVolume]) {
    assert.equal(await refused(() => set.call(room, { memberId: ada.id, volume: 10 })), '501');
    assert.equal(await refused(() => set.call(room, { memberId: nobody, volume: 10 })), '404');
  }
  await room.setInputSensitivity({ memberId: ada.id, value: 10 });
  await hear('onMemberInputSensitivity', from, (member) => member.inputSensitivity === 10);
  await room.setInputSensitivity({ memberId: ada.id, value: 30 });
  assert.equal(await refused(() => room.setInputSensitivity({ memberId: ada.id, value: 101 })), '422');
});

check('notes on members and the room are kept, and told of', async () => {
  const from = ear.length;
  await room.setMemberMeta({ memberId: ada.id, meta: { team: 'red' } });
  await hear('onMemberUpdated', from, (member) => isAda(member) && member.meta?.team === 'red');
  await room.updateMemberMeta({ memberId: ada.id, meta: { seat: 7 } });
  await hear('onMemberUpdated', from, (member) => isAda(member) && member.meta?.team === 'red' && member.meta.seat === 7);
  await room.deleteMemberMeta({ memberId: ada.id, keys: ['team'] });
  await hear('onMemberUpdated', from, (member) => isAda(member) && member.meta?.seat === 7 && !('team' in member.meta));
  assert.deepEqual((await room.getMemberMeta({ memberId: ada.id })).meta, { seat: 7 });
  const isMeta = (meta) => (each) => each.updated?.includes('meta') && JSON.stringify(each.meta) === JSON.stringify(meta);
  await room.setMeta({ a: 1, b: 2 });
  await hear('onRoomUpdated', from, isMeta({ a: 1, b: 2 }));
  await room.updateMeta({ c: 3 });
  await hear('onRoomUpdated', from, isMeta({ a: 1, b: 2, c: 3 }));
  await room.deleteMeta(['a']);
  await hear('onRoomUpdated', from, isMeta({ b: 2, c: 3 }));
  assert.deepEqual((await room.getMeta()).meta, { b: 2, c: 3 });
});

check('layouts and positions are chosen', async () => {
  const from = ear.length;
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
  await hear('onRoomUpdated', from, (each) => each.hideVideoMuted === false);
});

check('a room is locked and unlocked', async () => {
  const from = ear.length;
  await room.lock();
  await hear('onRoomUpdated', from, (each) => each.locked === true);
  await room.unlock();
  await hear('onRoomUpdated', from, (each) => each.locked === false);
});

addMediaChecks(check, ear, facts, () => ({ room, ada }));

check('the audience comes on stage and goes off it', async () => {
  const from = ear.length;
  await room.promote({ memberId: audience, mediaAllowed: 'all' });
  say({ what: 'promoted' });
  say({ what: 'guests wanted' });
  await hear('onMemberJoined', from, (member) => member.id === audience);
  await hear('onRoomAudienceCount', from, (each) => each.total === 0);
  await room.demote({ memberId: audience });
  await hear('onMemberLeft', from, (member) => member.id === audience);
  await hear('onRoomAudienceCount', from, (each) => each.total === 1);
});

check('a member is steered by its own methods, and removed', async () => {
  const from = ear.length;
  let members = [];
  const standing = () => members.map((each) => `${each.name}${each.audioMuted ? ' without sound' : ''}${each.videoMuted ? ' without picture' : ''}`);
  const [cleo, dan] = await until(() => `Cleo and Dan (there: ${standing().join(', ')})`, async () => {
    ({ members } = await room.getMembers());
    const guests = ['Cleo', 'Dan'].map((name) => members.find((each) => each.name === name && !each.audioMuted && !each.videoMuted));
    return guests.every(Boolean) && guests;
  });
  const hearOf = (name, wanted) => hear(name, from, (member) => member.id === cleo.id && wanted(member));
  await cleo.setRaisedHand();
  await hearOf('onMemberUpdated', (member) => member.handraised === true);
  await cleo.setRaisedHand({ raised: false });
  await cleo.setInputVolume({ volume: -10 });
  await hearOf('onMemberInputVolume', (member) => member.inputVolume === -10);
  await cleo.setMicrophoneVolume({ volume: 3 });
  await hearOf('onMemberInputVolume', (member) => member.inputVolume === 3);
  await cleo.setInputSensitivity({ value: 55 });
  await hearOf('onMemberInputSensitivity', (member) => member.inputSensitivity === 55);
  for (const set of [cleo.setOutputVolume, cleo.setSpeakerVolume]) assert.equal(await refused(() => set.call(cleo, { volume: 1 })), '501');
  await cleo.setDeaf(true);
  await hearOf('onMemberDeaf', (member) => member.deaf === true);
  await cleo.setDeaf(false);
  await hearOf('onMemberDeaf', (member) => member.deaf === false);
  await cleo.audioMute();
  await hearOf('onMemberAudioMuted', (member) => member.audioMuted === true);
  await cleo.videoMute();
  await hearOf('onMemberVideoMuted', (member) => member.videoMuted === true);
  await cleo.audioUnmute();
  await hearOf('onMemberAudioMuted', (member) => member.audioMuted === false);
  await cleo.videoUnmute();
  await hearOf('onMemberVideoMuted', (member) => member.videoMuted === false);

  await cleo.remove();
  await hearOf('onMemberLeft', () => true);
  assert.equal(await refused(() => room.removeMember({ memberId: nobody })), '404');
  await room.removeMember({ memberId: dan.id });
  await hear('onMemberLeft', from, (member) => member.id === dan.id);
  assert.equal(await refused(() => cleo.audioMute()), '404');
  assert.deepEqual((await room.getMembers()).members.map((each) => each.name), ['Ada']);
});

check('members are muted, and what they have switched off stays theirs', async () => {
  const from = ear.length;
  await room.audioMute({ memberId: ada.id });
  await hear('onMemberAudioMuted', from, (member) => member.audioMuted === true);
  await hear('onMemberTalkingEnded', from, isAda);
  await hear('onMemberTalking', from, (member) => isAda(member) && member.talking === false);
  await room.videoMute({ memberId: ada.id });
  await hear('onMemberVideoMuted', from, (member) => member.videoMuted === true);
  await hear('onMemberVisible', from, (member) => member.visible === false);

  // A browser switches its own devices off when it is muted, sooner or later: from then on they are its own to switch on again.
  for (const [unmute, name, field] of [[room.audioUnmute, 'onMemberAudioMuted', 'audioMuted'], [room.videoUnmute, 'onMemberVideoMuted', 'videoMuted']]) {
    const code = await unmute.call(room, { memberId: ada.id }).then(() => '200', (fault) => fault.code);
    if (code === '200') {
      await hear(name, from, (member) => member[field] === false);
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
    await room.lock();
    await room.unlock();
    await room.setRaisedHand({ memberId: ada.id, raised: true });
    await room.setRaisedHand({ memberId: ada.id, raised: false });
  };
  const from = ear.length;
  await stir();
  await hear('onRoomUpdated', from, (each) => each.locked === true);
  await until('what is subscribed to', () => types().filter((type) => type === 'video.member.updated').length >= 2);
  assert.deepEqual([...new Set(types())], ['video.room.subscribed', 'video.member.updated']);

  assert.equal(await raw.codeOf('signalwire.unsubscribe', { event_channel: channel, events: ['video.member.updated'] }), '200');
  const before = types().length;
  const again = ear.length;
  await stir();
  await hear('onMemberUpdated', again, (member) => isAda(member) && member.handraised === true);
  await hear('onMemberUpdated', again, (member) => isAda(member) && member.handraised === false);
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
  const from = ear.length;
  const unlisten = await room.listen({ onRoomUpdated: note('a second ear') });
  await room.lock();
  await hear('a second ear', from, (each) => each.locked === true);
  await unlisten();
  const after = ear.length;
  await room.unlock();
  await hear('onRoomUpdated', after, (each) => each.locked === false);
  assert.equal(ear.count('a second ear', after), 0);
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
  const from = ear.length;
  await room.deaf({ memberId: ada.id });
  await hear('onMemberDeaf', from, (member) => member.deaf === true);
  await room.undeaf({ memberId: ada.id });
  await hear('onMemberDeaf', from, (member) => member.deaf === false);
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
client.disconnect();
say({ what: 'done' });
