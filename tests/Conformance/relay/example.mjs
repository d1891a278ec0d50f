// The example program of the SDK's reference for streams of a room, as it stands there, with host, project, token and url filled
// in and an end: it stops once the room has. Each line it would print goes out as JSON, with what a test looks at.
import { readFileSync } from 'node:fs';
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
const videoClient = client.video;

await videoClient.listen({
  onRoomStarted: async (roomSession) => {
    say('Room started', { displayName: roomSession.displayName });

    roomSession.startStream({ url: facts.url });

    await roomSession.listen({
      onStreamStarted: async (stream) => {
        say('Stream started', seen(stream));

        // Wait 10 seconds and stop the stream
        setTimeout(() => {
          say('Stopping stream');
          stream.stop();
        }, 10000);
      },
      onStreamEnded: (stream) => {
        say('Stream ended', seen(stream));
      },
    });
  },
  onRoomEnded: async (roomSession) => {
    say('Room ended', { displayName: roomSession.displayName });
    client.disconnect();
  },
});
say('Listening');
