// Does what the example for streams of a room in the SDK's reference does, call by call and in the same order, and says as lines
// of JSON what happens: what it hears of the room, and the stream as its handlers are given it.
import { existsSync, readFileSync } from 'node:fs';
import { SignalWire } from '@signalwire/realtime-api';

const facts = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const say = (what, more = {}) => process.stdout.write(`${JSON.stringify({ what, at: Date.now(), ...more })}\n`);
const seen = (stream) => ({
  id: stream.id,
  roomId: stream.roomId,
  roomSessionId: stream.roomSessionId,
  state: stream.state,
  url: stream.url,
  duration: stream.duration ?? null,
  startedAt: stream.startedAt?.getTime() ?? null,
  endedAt: stream.endedAt?.getTime() ?? null,
  hasEnded: stream.hasEnded,
});

const client = await SignalWire({ host: facts.host, project: facts.project, token: facts.token });
await client.video.listen({
  onRoomStarted: async (roomSession) => {
    say('room started', { name: roomSession.displayName });
    roomSession.startStream({ url: facts.url });
    await roomSession.listen({
      onStreamStarted: (stream) => {
        say('stream started', seen(stream));
        // After ten seconds; a test may want to see more of it, and says by a file when it has.
        const stop = () => {
          if (facts.stopFile && !existsSync(facts.stopFile)) {
            setTimeout(stop, 250);
            return;
          }

          say('stopping');
          stream.stop();
        };
        setTimeout(stop, 10_000);
      },
      onStreamEnded: (stream) => say('stream ended', seen(stream)),
    });
    say('subscribed');
  },
  onRoomEnded: (roomSession) => {
    say('room ended', { name: roomSession.displayName });
    client.disconnect();
  },
});
say('listening');
