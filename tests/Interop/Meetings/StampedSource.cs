using System.Globalization;

namespace Roomcast.Interop.Meetings;

/// <summary>
/// A camera, a microphone and a screen that tell when: pictures with the colour of who sends them and the wall clock of the moment
/// they were drawn, and a tone of their own that swells each second at a known moment.
/// </summary>
/// <remarks>
/// Both come of the page itself, so that the browser's own clock lies under everything; the meeting's client takes them for devices.
/// <see cref="StampedPicture"/> reads the pictures out of what was composed of them.
/// </remarks>
internal static class StampedSource
{
    /// <summary>Pixels of the camera, 4:3: so few that browsers encode it once, and two of them leave the machine time for the rest.</summary>
    public const int Width = 320;

    /// <summary>Pixels of the camera.</summary>
    public const int Height = 240;

    private const int PicturesPerSecond = 30;

    // As the client's own presets have it for screens, twice over.
    private const int ScreensPerSecond = 10;

    /// <summary>How long a tone swells.</summary>
    public static readonly TimeSpan Swell = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Runs before the page's scripts. Gives the page <c>stamped.swells()</c>, the wall clock in milliseconds of each swell so far whose time
    /// the browser can have told; <c>stamped.sounded()</c>, the seconds of sound made so far; <c>stamped.lost()</c>, the milliseconds of sound
    /// that it had no time to make; <c>stamped.gaps()</c>, the milliseconds between pictures drawn; <c>stamped.wall()</c>,
    /// the wall clock; <c>stamped.heard</c>, the number of each message that came over the client's socket with the wall clock at which it came;
    /// <c>stamped.ages(video, area, ms)</c>, how old the pictures seen in a part of a video are;
    /// <c>stamped.sending()</c>, what the browser says of the pictures it encodes, and <c>stamped.sent()</c>, how many it has sent.
    /// </summary>
    /// <param name="participant">Whose colour and tone, 0 to 3; screens have the colour of number 2.</param>
    public static string ScriptOf(int participant) => $$"""
        globalThis.stamped = (() => {
          const colours = {{Colours()}};
          const tone = {{MeetProbe.Tones[participant]}}, participant = {{participant}}, swellSeconds = {{Swell.TotalSeconds.ToString(CultureInfo.InvariantCulture)}};
          const wall = () => performance.timeOrigin + performance.now();
          const gaps = [], clock = [], swells = [], heard = [], connections = new Set();
          const Native = globalThis.RTCPeerConnection;
          globalThis.RTCPeerConnection = class extends Native {
            constructor(...given) { super(...given); connections.add(this); }
          };

          // A message begins with its number: field 1 of the envelope, left out when it is 0.
          function numberOf(bytes) {
            let [value, at] = [0, 1];
            if (bytes[0] === 8) {
              do value += (bytes[at] & 127) * 2 ** (7 * (at - 1)); while (bytes[at++] & 128);
            }
            return value;
          }

          const NativeSocket = globalThis.WebSocket;
          globalThis.WebSocket = class extends NativeSocket {
            constructor(...given) {
              super(...given);
              this.addEventListener('message', ({ data }) => {
                if (data instanceof ArrayBuffer) heard.push([numberOf(new Uint8Array(data)), wall()]);
              });
            }
          };

          function paint(context, width, height, colour) {
            const value = Math.floor(wall()) % 0x1000000;
            const sum = 0xA5 ^ (value & 255) ^ ((value >> 8) & 255) ^ ((value >> 16) & 255);
            const rows = [value >> 8, ((value & 255) << 8) | sum];
            context.fillStyle = colour;
            context.fillRect(0, 0, width, height);
            rows.forEach((bits, row) => {
              for (let bit = 0; bit < 16; bit++) {
                context.fillStyle = (bits >> (15 - bit)) & 1 ? '#fff' : '#000';
                context.fillRect(bit * width / 16, height * (0.20 + 0.15 * row), width / 16, height * 0.15);
              }
            });
            context.fillStyle = '#000';
            context.fillRect(0, height * 0.5, width, height * 0.1);
            context.fillStyle = '#fff';
            context.fillRect((value % 4000) / 4000 * width * 0.94, height * 0.5, width * 0.06, height * 0.1);
          }

          function film(width, height, colour, rate) {
            const canvas = Object.assign(document.createElement('canvas'), { width, height });
            const context = canvas.getContext('2d', { alpha: false });
            const track = canvas.captureStream().getVideoTracks()[0];
            let last = performance.now();
            const timer = setInterval(() => {
              const now = performance.now();
              gaps.push(now - last);
              last = now;
              paint(context, width, height, colour);
              if (track.readyState === 'ended') clearInterval(timer);
            }, 1000 / rate);
            paint(context, width, height, colour);
            track.applyConstraints = async () => {};
            return track;
          }

          function sound() {
            const audio = new AudioContext({ sampleRate: 48000 });
            const target = audio.createMediaStreamDestination();
            const swell = audio.createGain();
            const oscillator = audio.createOscillator();
            oscillator.frequency.value = tone;
            swell.gain.value = 0.02;
            oscillator.connect(swell).connect(target);
            oscillator.start();
            audio.resume();
            // The wall clock at audio time 0, each time a little too late: see originIn.
            let next = Math.ceil(audio.currentTime) + 1 + participant / 4;
            setInterval(() => {
              clock.push([audio.currentTime, wall() - audio.currentTime * 1000]);
              while (next < audio.currentTime + 1) {
                swell.gain.setValueAtTime(0.5, next);
                swell.gain.setValueAtTime(0.02, next + swellSeconds);
                swells.push(next);
                next += 1;
              }
            }, 20);
            return target.stream.getAudioTracks()[0];
          }

          const devices = navigator.mediaDevices;
          devices.getUserMedia = async ({ audio, video }) => new MediaStream([
            ...(video ? [film({{Width}}, {{Height}}, colours[participant], {{PicturesPerSecond}})] : []),
            ...(audio ? [sound()] : []),
          ]);
          devices.getDisplayMedia = async () => new MediaStream([film(640, 360, colours[2], {{ScreensPerSecond}})]);

          const small = new OffscreenCanvas(16 * 8, 2 * 8);
          const reading = small.getContext('2d', { willReadFrequently: true });
          // Where the two rows of a stamp are in a video, as shares of its size: left, top, width, height.
          function read(video, [left, top, width, height]) {
            const { videoWidth, videoHeight } = video;
            if (!videoWidth) return null;
            reading.drawImage(video, left * videoWidth, top * videoHeight, width * videoWidth, height * videoHeight, 0, 0, 128, 16);
            const pixels = reading.getImageData(0, 0, 128, 16).data;
            const rows = [0, 1].map((row) => {
              let bits = 0;
              for (let bit = 0; bit < 16; bit++) bits = bits * 2 + (pixels[4 * ((row * 8 + 4) * 128 + bit * 8 + 4) + 1] > 126 ? 1 : 0);
              return bits;
            });
            const value = rows[0] * 256 + (rows[1] >> 8);
            const sum = 0xA5 ^ (value & 255) ^ ((value >> 8) & 255) ^ ((value >> 16) & 255);
            return sum === (rows[1] & 255) ? value : null;
          }

          // The wall clock at audio time 0, by what was read between two audio times; it grows where sound was lost. NaN when too little was read.
          function originIn(from, to) {
            const near = clock.filter(([time]) => time > from && time < to).map(([, origin]) => origin);
            return near.length > 10 ? Math.min(...near) : NaN;
          }

          return {
            wall,
            heard,
            gaps: () => gaps,
            sounded: () => clock.at(-1)[0],
            async sent() {
              let sent = 0;
              for (const each of connections) {
                for (const stat of (await each.getStats()).values()) {
                  if (stat.type === 'outbound-rtp' && stat.kind === 'video') sent = Math.max(sent, stat.framesSent);
                }
              }
              return sent;
            },
            async sending() {
              const said = [];
              for (const each of connections) {
                for (const stat of each.connectionState === 'connected' ? (await each.getStats()).values() : []) {
                  if (stat.type === 'outbound-rtp' && stat.kind === 'video' && stat.framesSent > 0) {
                    const encodeMs = (1000 * stat.totalEncodeTime / stat.framesEncoded).toFixed(1);
                    said.push(`${stat.rid ?? 'only'} ${stat.frameWidth}x${stat.frameHeight} at ${stat.framesPerSecond}/s, ${stat.framesSent} sent, ` +
                      `${encodeMs} ms each, limited by ${stat.qualityLimitationReason} ${JSON.stringify(stat.qualityLimitationDurations)}`);
                  } else if (stat.type === 'media-source' && stat.kind === 'video') {
                    said.push(`captured ${stat.width}x${stat.height} at ${stat.framesPerSecond}/s, ${stat.frames} pictures`);
                  }
                }
              }
              return said.join('; ');
            },
            lost: () => originIn(clock.at(-1)[0] - 1, Infinity) - originIn(0, Infinity),
            // Sound that a busy browser did not make in time is missing, and what comes after it is later than its RTP timestamps say
            // until the next sender report does, 7.5 s later at most.
            swells: () => swells.flatMap((at) => {
              const origin = originIn(at - 0.5, at + 0.5);
              return origin - originIn(at - 9, at + 0.5) < 20 ? [at * 1000 + origin] : [];
            }),
            async ages(video, area, ms) {
              const ages = [];
              for (const end = performance.now() + ms; performance.now() < end; await new Promise((go) => setTimeout(go, 200))) {
                const value = read(video, area);
                if (value !== null) ages.push((Math.floor(wall()) - value) & 0xFFFFFF);
              }
              return ages;
            },
          };
        })();
        """;

    private static string Colours() => System.Text.Json.JsonSerializer.Serialize(
        CodedPicture.Colours.Select(colour => $"rgb({colour.Red}, {colour.Green}, {colour.Blue})"));
}
