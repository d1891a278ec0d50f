using System.Globalization;

namespace Roomcast.Interop.Meetings;

/// <summary>
/// A second camera and a second microphone for a page, which stand in its browser's list beside the first ones. Chromium plays one
/// file for all its make-believe devices, so these are made in the page: a canvas and an oscillator. The meeting client asks
/// for them as it asks for any device.
/// </summary>
internal static class SecondDevices
{
    /// <summary>What the camera shows and the microphone sounds: those of the participant of this number.</summary>
    public const int Source = 3;

    public const string Camera = "Second camera";

    public const string Microphone = "Second microphone";

    private static readonly (byte Y, byte U, byte V, int Red, int Green, int Blue) Colour = CodedPicture.Colours[Source];

    /// <summary>Runs before the page's scripts.</summary>
    public static readonly string Text = $$"""
        (() => {
          const devices = navigator.mediaDevices;
          const [list, get] = [devices.enumerateDevices.bind(devices), devices.getUserMedia.bind(devices)];
          const device = (deviceId, kind, label) => ({ deviceId, kind, label, groupId: 'second', toJSON() { return { deviceId, kind, label }; } });
          const [camera, microphone] = [device('second-camera', 'videoinput', '{{Camera}}'), device('second-microphone', 'audioinput', '{{Microphone}}')];
          const isMeant = (wanted, { deviceId }) => [wanted?.deviceId?.exact ?? wanted?.deviceId?.ideal ?? wanted?.deviceId].flat().includes(deviceId);
          const named = (track, { deviceId, label }) => {
            const settings = track.getSettings.bind(track);
            track.getSettings = () => ({ ...settings(), deviceId });
            Object.defineProperty(track, 'label', { value: label });
            return track;
          };

          // As CodedPicture draws it.
          function show() {
            const [width, height, block, row] = [320, 240, 40, 40];
            const canvas = document.createElement('canvas');
            [canvas.width, canvas.height] = [width, height];
            const pen = canvas.getContext('2d');
            const fill = (colour, ...place) => { pen.fillStyle = colour; pen.fillRect(...place); };
            let number = 0;
            const draw = () => {
              for (let bit = 0; bit < 8; bit++) {
                const isSet = ((number >> (7 - bit)) & 1) === 1;
                fill(isSet ? '#fff' : '#000', bit * block, 0, block, row);
                fill(isSet ? '#000' : '#fff', bit * block, row, block, row);
              }
              fill('rgb({{Rgb}})', 0, 2 * row, width, 2 * row);
              fill('#000', 0, 4 * row, width, 2 * row);
              fill('#fff', Math.floor((number * (width - block)) / 256), 4 * row, block, 2 * row);
              number = (number + 1) % 256;
            };
            draw();
            const [track] = canvas.captureStream(12).getVideoTracks();
            const timer = setInterval(() => (track.readyState === 'live' ? draw() : clearInterval(timer)), 83);
            return named(track, camera);
          }

          function sound() {
            const audio = new AudioContext();
            const tone = audio.createOscillator();
            const volume = audio.createGain();
            const out = audio.createMediaStreamDestination();
            [tone.frequency.value, volume.gain.value] = [{{MeetProbe.Tones[Source].ToString(CultureInfo.InvariantCulture)}}, 0.4];
            tone.connect(volume).connect(out);
            tone.start();
            return named(out.stream.getAudioTracks()[0], microphone);
          }

          devices.enumerateDevices = async () => [...(await list()), camera, microphone];
          devices.getUserMedia = async ({ audio, video, ...rest }) => {
            const [isCamera, isMicrophone] = [isMeant(video, camera), isMeant(audio, microphone)];
            const others = { ...rest, ...(audio && !isMicrophone ? { audio } : {}), ...(video && !isCamera ? { video } : {}) };
            const stream = others.audio || others.video ? await get(others) : new MediaStream();
            if (isCamera) stream.addTrack(show());
            if (isMicrophone) stream.addTrack(sound());
            return stream;
          };
        })();
        """;

    private static string Rgb => string.Create(CultureInfo.InvariantCulture, $"{Colour.Red}, {Colour.Green}, {Colour.Blue}");
}
