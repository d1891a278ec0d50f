// Plays a file into the room of a meeting and streams the room meanwhile, with the unmodified SDK: pauses, seeks, turns it down and
// stops it, each when a file says so, and tells as lines of JSON what it hears.
import { existsSync, readFileSync } from 'node:fs';
import { SignalWire } from '@signalwire/realtime-api';

const facts = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const say = (what, more = {}) => process.stdout.write(`${JSON.stringify({ what, ...more })}\n`);
const seen = ({ id, state, url, volume, position, seekable, startedAt, endedAt, hasEnded }) => ({
  id, state, url, volume, position, seekable, startedAt: startedAt?.getTime() ?? null, endedAt: endedAt?.getTime() ?? null, hasEnded,
});
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const until = async (find) => {
  for (;;) {
    const found = await find();
    if (found) return found;
    await pause(100);
  }
};
const told = (name) => until(() => existsSync(`${facts.signs}-${name}`));

const client = await SignalWire({ host: facts.host, project: facts.project, token: facts.token });
const room = await until(async () => (await client.video.getRoomSessions()).roomSessions.find((each) => each.roomId === facts.meeting));
await room.listen({
  onPlaybackStarted: (playback) => say('started', seen(playback)),
  onPlaybackUpdated: (playback) => say('updated', seen(playback)),
  onPlaybackEnded: (playback) => say('ended', seen(playback)),
});
const playback = await room.play({ url: facts.url, volume: 0 }).onStarted();
const stream = await room.startStream({ url: facts.sink }).onStarted();
say('playing', { listed: (await room.getPlaybacks()).playbacks.map((each) => each.id) });

await told('pause');
await playback.pause();
await playback.setVolume(-10);
await playback.seek(30_000);
await playback.forward(5_000);
await playback.rewind(1_000);
await playback.resume();
say('steered');

await told('stop');
await stream.stop();
await playback.stop();
await until(() => playback.hasEnded);
say('done', { listed: (await room.getPlaybacks()).playbacks.length });
client.disconnect();
