// Runs in a page of its own in the browser that records, and sends the picture and sound of the page beside it to the server.

let connection;
let lost = false; // Whether what is captured no longer reaches the server.

// Returns an offer. What is captured is chosen by the browser, which was told so when it was started.
async function offer(width, height, frameRate) {
  const stream = await navigator.mediaDevices.getDisplayMedia({
    video: { width, height, frameRate },
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 2 },
    selfBrowserSurface: "exclude",
  });
  const [picture] = stream.getVideoTracks();
  const [sound] = stream.getAudioTracks();
  if (!picture || !sound) {
    throw new Error("the page has no picture or no sound");
  }
  for (const track of [picture, sound]) {
    track.onended = () => (lost = true);
  }
  picture.contentHint = "motion";
  sound.contentHint = "music";
  connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  connection.addTransceiver(picture, {
    direction: "sendonly",
    streams: [stream],
    sendEncodings: [{ maxBitrate: 8_000_000, maxFramerate: frameRate }],
  });
  connection.addTransceiver(sound, { direction: "sendonly", streams: [stream] });
  await connection.setLocalDescription();
  return connection.localDescription.sdp;
}

// The way to the server is inside the machine: it is not to be found out first how much goes through.
async function answer(sdp) {
  const generous = sdp
    .replace(/a=rtpmap:(\d+) VP8\/90000\r\n/g, "$&a=fmtp:$1 x-google-min-bitrate=1500;x-google-start-bitrate=4000\r\n")
    .replace(/a=fmtp:(\d+) ((?:[^\r]*;)?minptime=[^\r]*)\r\n/g, "a=fmtp:$1 $2;stereo=1;maxaveragebitrate=128000\r\n");
  await connection.setRemoteDescription({ type: "answer", sdp: generous });
  const sender = connection.getSenders().find((each) => each.track.kind === "video");
  await sender.setParameters({ ...sender.getParameters(), degradationPreference: "maintain-resolution" });
  await new Promise((resolve, reject) => {
    const look = () => {
      if (connection.connectionState === "connected") {
        resolve();
      } else if (connection.connectionState === "failed" || connection.connectionState === "closed") {
        lost = true;
        reject(new Error("the page's media does not reach the server"));
      }
    };
    connection.onconnectionstatechange = look;
    look();
  });
}
