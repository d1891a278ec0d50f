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
    /// <summary>Pixels of the camera, 4:3; of a screen, 16:9.</summary>
    public const int Width = 480;

    /// <summary>Pixels of the camera.</summary>
    public const int Height = 360;

    /// <summary>How long a tone swells.</summary>
    public static readonly TimeSpan Swell = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Runs before the page's scripts. Gives the page <c>stamped.swells()</c>, the wall clock in milliseconds of each swell so far;
    /// <c>stamped.gaps()</c>, the milliseconds between pictures drawn; <c>stamped.note(what)</c> and <c>stamped.notes</c>, moments of
    /// the wall clock by name; and <c>stamped.ages(video, area, ms)</c>, how old the pictures seen in a part of a video are.
    /// </summary>
    /// <param name="participant">Whose colour and tone, 0 to 3; screens have the colour of number 2.</param>
    public static string ScriptOf(int participant) => $$"""
        globalThis.stamped = (() => {
          const colours = {{Colours()}};
          const tone = {{MeetProbe.Tones[participant]}}, participant = {{participant}}, swellSeconds = {{Swell.TotalSeconds.ToString(CultureInfo.InvariantCulture)}};
          const wall = () => performance.timeOrigin + performance.now();
          const gaps = [], clock = [], swells = [], notes = {};

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

          function film(width, height, colour) {
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
            }, 1000 / 30);
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
            // The wall clock at audio time 0, each time a little too late; the earliest of a while is the one.
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
            ...(video ? [film({{Width}}, {{Height}}, colours[participant])] : []),
            ...(audio ? [sound()] : []),
          ]);
          devices.getDisplayMedia = async () => new MediaStream([film(640, 360, colours[2])]);

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

          return {
            notes,
            note(what) { notes[what] ??= wall(); },
            gaps: () => gaps,
            swells: () => swells.flatMap((at) => {
              const near = clock.filter(([time]) => Math.abs(time - at) < 1.5).map(([, origin]) => origin);
              return near.length > 20 ? [at * 1000 + Math.min(...near)] : [];
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
