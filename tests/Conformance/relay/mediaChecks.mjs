// What is checked of streams, recordings and what is played into a room.
import { existsSync } from 'node:fs';
import assert from 'node:assert/strict';
import { layersOf, nobody, refused, say, until } from './checking.mjs';
import { RawController } from './rawController.mjs';

const baseOf = ({ host }) => host.replace(/^ws/, 'http');

const rest = async (facts, path) => {
  const { project, token } = facts;
  const headers = { authorization: `Basic ${Buffer.from(`${project}:${token}`).toString('base64')}` };
  const answer = await fetch(`${baseOf(facts)}/api/video/${path}`, { headers });
  assert.equal(answer.status, 200, path);
  return answer.json();
};

export const addMediaChecks = (check, ear, facts, now) => {
  const { note, hear, after } = ear;
  const media = (name, run) => check(name, () => run(now()));

  media('a stream starts, is listed, and ends when it is stopped, twice', async ({ room }) => {
    const from = ear.length;
    const call = room.startStream({ url: `${facts.sink}/one` });
    const stream = await call.onStarted();
    assert.deepEqual([stream.state, stream.url, stream.hasEnded, stream.endedAt], ['streaming', `${facts.sink}/one`, false, undefined]);
    assert.deepEqual([stream.roomId, stream.roomSessionId], [room.roomId, room.id]);
    assert.ok(stream.startedAt instanceof Date && !Number.isNaN(stream.startedAt.getTime()));
    assert.deepEqual((await room.getStreams()).streams.map((each) => each.id), [stream.id]);
    await hear('onRoomUpdated', from, (each) => each.streaming === true);
    const stopping = ear.length;
    await Promise.all([stream.stop(), stream.stop()]);
    const ended = await call;
    assert.deepEqual([ended.id, ended.state, ended.hasEnded], [stream.id, 'completed', true]);
    assert.ok(Math.abs(ended.duration - (ended.endedAt - ended.startedAt) / 1000) < 0.0015);
    assert.equal(await refused(() => stream.stop()), 'Action has ended');
    await hear('onRoomUpdated', stopping, (each) => each.streaming === false);
    assert.equal(ear.count('onStreamEnded', from), 1);
  });

  media('a stream is listened to from its start, and as itself', async ({ room }) => {
    const from = ear.length;
    const call = room.startStream({ url: `${facts.sink}/heard`, listen: { onStarted: note('started'), onEnded: note('ended') } });
    const stream = await call.onStarted();
    const unlisten = await stream.listen({ onEnded: note('left alone') });
    await unlisten();
    await stream.listen({ onEnded: note('ended itself') });
    await stream.stop();
    await call;
    const mine = (each) => each.id === stream.id;
    assert.equal((await hear('started', from, mine)).state, 'streaming');
    assert.equal((await hear('ended', from, mine)).state, 'completed');
    assert.equal((await hear('ended itself', from, mine)).state, 'completed');
    assert.deepEqual(['started', 'ended', 'ended itself', 'left alone'].map((name) => ear.count(name, from)), [1, 1, 1, 0]);
  });

  media('several streams share one composition and end one by one', async ({ room }) => {
    const calls = ['two', 'three'].map((name) => room.startStream({ url: `${facts.sink}/${name}` }));
    const streams = await until('both', async () => {
      const { streams: running } = await room.getStreams();
      return running.length === 2 && running;
    });
    assert.equal(new Set(streams.map((each) => each.id)).size, 2);
    say({ what: 'two streams' });
    await until('the count of compositions', () => existsSync(facts.countedFile));
    await after(() => streams[0].stop(), 'onStreamEnded', (stream) => stream.id === streams[0].id);
    assert.deepEqual((await room.getStreams()).streams.map((each) => each.id), [streams[1].id]);
    await after(() => streams[1].stop(), 'onStreamEnded', (stream) => stream.id === streams[1].id);
    await Promise.allSettled(calls);
  });

  for (const [what, url, reason] of [['dead', facts.dead, 'connection_refused: Nobody listens on that port of 127.0.0.1.'], ['refusing', facts.refusing, 'closed_by_target']]) {
    media(`a ${what} target ends its stream without a start, with a reason`, async ({ room }) => {
      // The package has no property for the reason, so it is read from the event itself.
      const raw = await RawController.connect(facts);
      assert.equal(await raw.codeOf('signalwire.subscribe', { event_channel: room.eventChannel, events: ['video.stream.ended'] }), '200');
      const from = ear.length;
      const call = room.startStream({ url });
      const fault = await call.onStarted().then(() => undefined, (stream) => stream);
      assert.equal(fault?.state, 'completed');
      const ended = await call;
      assert.deepEqual([ended.hasEnded, ended.startedAt, ended.duration, ended.url], [true, undefined, 0, url]);
      assert.equal(ear.count('onStreamStarted', from), 0);
      const told = await until('the event', () => raw.events.find((each) => each.type === 'video.stream.ended' && each.body.stream.id === ended.id));
      assert.deepEqual([told.body.stream.error, told.body.stream.started_at], [reason, undefined]);
      raw.close();
    });
  }

  media('a malformed address is refused', async ({ room }) => {
    assert.equal(await refused(() => room.startStream({ url: 'http://example.com/x' })), '422');
  });

  media('a recording starts, pauses, goes on and stops', async ({ room }) => {
    const from = ear.length;
    const call = room.startRecording({ listen: { onStarted: note('began'), onEnded: note('over') } });
    const recording = await call.onStarted();
    assert.equal(recording.state, 'recording');
    await recording.listen({ onUpdated: note('changed itself') });
    await hear('onRoomUpdated', from, (each) => each.recording === true);
    const pausing = ear.length;
    await recording.pause();
    await hear('onRecordingUpdated', pausing, (each) => each.state === 'paused');
    await hear('changed itself', pausing, (each) => each.id === recording.id && each.state === 'paused');
    await after(() => recording.resume(), 'onRecordingUpdated', (each) => each.state === 'recording');
    assert.deepEqual((await room.getRecordings()).recordings.map((each) => each.id), [recording.id]);
    const stopping = ear.length;
    await recording.stop();
    const ended = await call;
    assert.deepEqual([ended.id, ended.state, ended.hasEnded], [recording.id, 'completed', true]);
    await hear('onRoomUpdated', stopping, (each) => each.recording === false);
    assert.equal((await hear('began', from)).id, recording.id);
    assert.equal((await hear('over', from)).state, 'completed');

    // Its file, by the REST surface.
    const file = await until('the file', async () => {
      const told = await rest(facts, `room_recordings/${recording.id}`);
      return told.uri && told;
    });
    assert.deepEqual([file.room_session_id, file.status, file.format], [room.id, 'completed', 'mp4']);
    const { data } = await rest(facts, `room_sessions/${room.id}/recordings`);
    assert.deepEqual(data.map((each) => each.id), [recording.id]);
    // Its address is over TLS, which Node trusts in this server only where the socket is so too.
    const { pathname, search } = new URL(file.uri);
    const bytes = Buffer.from(await (await fetch(`${baseOf(facts)}${pathname}${search}`)).arrayBuffer());
    assert.equal(bytes.length, file.size_in_bytes);
    assert.equal(bytes.toString('latin1', 4, 8), 'ftyp');
  });

  media('a file is played where, how loud and from where it is told to be, and steered', async ({ room, ada }) => {
    const from = ear.length;
    const call = room.play({
      url: facts.file,
      volume: -6,
      layout: '2x1',
      positions: { [ada.id]: 'standard-2' },
      seekPosition: 30_000,
      listen: { onStarted: note('plays'), onUpdated: note('plays otherwise'), onEnded: note('has played') },
    });
    const playback = await call.onStarted();
    assert.deepEqual([playback.state, playback.url, playback.volume, playback.seekable, playback.roomSessionId], ['playing', facts.file, -6, true, room.id]);
    assert.ok(playback.position >= 29_000, `it began at ${playback.position} ms`);
    await hear('onRoomUpdated', from, (each) => each.layoutName === '2x1');
    await hear('onLayoutChanged', from, (what) => layersOf(what).some((layer) => layer.playingFile && layer.position === 'playback')
      && layersOf(what).some((layer) => layer.memberId === ada.id && layer.position === 'standard-2'));
    await playback.listen({ onUpdated: note('itself otherwise') });
    const pausing = ear.length;
    await playback.pause();
    await hear('onPlaybackUpdated', pausing, (each) => each.state === 'paused');
    await hear('itself otherwise', pausing, (each) => each.state === 'paused');
    await after(() => playback.setVolume(-10), 'plays otherwise', (each) => each.volume === -10);
    await after(() => playback.seek(40_000), 'onPlaybackUpdated', (each) => each.position === 40_000);
    await after(() => playback.forward(5_000), 'onPlaybackUpdated', (each) => each.position === 45_000);
    await after(() => playback.rewind(1_000), 'onPlaybackUpdated', (each) => each.position === 44_000);
    assert.deepEqual((await room.getPlaybacks()).playbacks.map((each) => each.id), [playback.id]);
    await after(() => playback.resume(), 'onPlaybackUpdated', (each) => each.state === 'playing');
    await playback.stop();
    const ended = await call;
    assert.deepEqual([ended.id, ended.hasEnded], [playback.id, true]);
    assert.equal((await hear('plays', from)).id, playback.id);
    assert.equal((await hear('has played', from)).state, 'completed');
    await room.setLayout({ name: 'grid-responsive', positions: { [ada.id]: 'auto' } });
  });

  media('a playlist and a live stream are played', async ({ room }) => {
    const playlist = await room.play({ url: facts.playlist, seekPosition: 20_000 }).onStarted();
    assert.equal(playlist.seekable, true);
    assert.ok(playlist.position >= 19_000, `it began at ${playlist.position} ms`);
    await playlist.stop();
    await until('its end', () => playlist.hasEnded);
    const live = await room.play({ url: facts.live }).onStarted();
    assert.deepEqual([live.state, live.seekable], ['playing', false]);
    assert.equal(await refused(() => live.seek(1_000)), '409');
    await live.stop();
    await until('its end', () => live.hasEnded);
  });

  media('what cannot be played is refused, or ends without a start', async ({ room }) => {
    assert.deepEqual((await room.getPlaybacks()).playbacks, []);
    assert.equal(await refused(() => room.play({ url: 'file:///etc/passwd' })), '422');
    assert.equal(await refused(() => room.play({ url: 'http://10.0.0.1/a.mp4' })), '422');
    assert.equal(await refused(() => room.play({ url: facts.file, layout: 'no-such-layout' })), '422');
    assert.equal(await refused(() => room.play({ url: facts.file, positions: { [nobody]: 'auto' } })), '404');
    const from = ear.length;
    const call = room.play({ url: facts.dead.replace('rtmp', 'http') });
    const fault = await call.onStarted().then(() => undefined, (playback) => playback);
    assert.equal(fault?.state, 'completed');
    await hear('onPlaybackEnded', from, (playback) => playback.hasEnded);
    assert.equal(ear.count('onPlaybackStarted', from), 0);
  });
};
