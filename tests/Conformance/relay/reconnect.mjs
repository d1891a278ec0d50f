// Listens to rooms with the unmodified SDK, and says as lines of JSON what it hears of them, through whatever becomes of its connection.
import { existsSync, readFileSync } from 'node:fs';
import { SignalWire } from '@signalwire/realtime-api';

const facts = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const say = (what, more = {}) => process.stdout.write(`${JSON.stringify({ what, ...more })}\n`);

// What the SDK does not tell its users it logs: the announcement of a close, as it came.
const pass = () => {};
const info = (kind, frame) => {
  if (String(kind).startsWith('RECV') && typeof frame === 'string' && JSON.parse(frame).method === 'signalwire.disconnect') say('close announced');
};
const logger = { fatal: pass, error: pass, warn: pass, info, debug: pass, trace: pass };

const client = await SignalWire({ host: facts.host, project: facts.project, token: facts.token, logger, debug: { logWsTraffic: true } });
await client.video.listen({
  onRoomStarted: async (room) => {
    say('started', { room: room.roomId });
    await room.listen({ onMemberJoined: (member) => say('joined', { room: room.roomId, name: member.name }) });
    say('subscribed', { room: room.roomId });
  },
  onRoomEnded: (room) => say('ended', { room: room.roomId }),
});
say('listening');
const end = setInterval(() => {
  if (existsSync(facts.stopFile)) {
    clearInterval(end);
    client.disconnect();
    say('done');
  }
}, 100);
