// Streams each room for ten seconds from its start, and says in plain words what it hears. The calls, their order and what is waited for are
// those of the SDK's reference for RoomSessionStream: a stream is asked for before its room is listened to, and nobody waits for the answer.
import { readFileSync } from 'node:fs';
import { SignalWire } from '@signalwire/realtime-api';

const { host, project, token, url } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const streamedForMs = 10_000;

const follow = async (room) => {
  console.log(`Room ${room.displayName} has started`);
  room.startStream({ url });
  await room.listen({
    onStreamStarted: async (stream) => {
      console.log(`Stream is ${stream.state}`);
      setTimeout(() => {
        console.log('Stream is to stop');
        stream.stop();
      }, streamedForMs);
    },
    onStreamEnded: (stream) => console.log(`Stream ${stream.id} is ${stream.state}`),
  });
};

const { video } = await SignalWire({ host, project, token });
await video.listen({
  onRoomStarted: follow,
  onRoomEnded: async (room) => console.log(`Room ${room.displayName} has ended`),
});
