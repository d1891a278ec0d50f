import { SignalWire } from "@signalwire/realtime-api";

// Initialize the SignalWire client
const client = await SignalWire({
  project: "ProjectID Here",
  token: "Token Here"
});

// Access video client from the main client
const videoClient = client.video;

// Setup listener for when a room starts
await videoClient.listen({
  onRoomStarted: async (roomSession) => {
    console.log("Room started", roomSession.displayName);

    roomSession.startStream({
      url: "rtmp://example.com/stream"
    })

    await roomSession.listen({
      onStreamStarted: async (stream) => {
        console.log("Stream started", stream.state);

        // Wait 10 seconds and stop the stream
        setTimeout(() => {
          console.log("Stopping stream");
          stream.stop();
        }, 10000);
      },
      onStreamEnded: (stream) => {
        console.log("Stream ended", stream.id, stream.state);
      },
    });
  },
  onRoomEnded: async (roomSession) => {
    console.log("Room ended", roomSession.displayName);
  }
});
