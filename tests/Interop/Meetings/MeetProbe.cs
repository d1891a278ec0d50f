using System.Globalization;

namespace Roomcast.Interop.Meetings;

/// <summary>Looks and listens inside a page: pictures by a canvas, sound by an analyser, and what the connections count.</summary>
internal static class MeetProbe
{
    /// <summary>One tone for each participant, in hertz.</summary>
    public static readonly IReadOnlyList<int> Tones = [500, 850, 1_400, 2_300];

    /// <summary>
    /// Runs before the page's scripts. It only listens in on the connections the page makes; the meeting client is as it is.
    /// Gives the page <c>probe.picture(video)</c>, <c>probe.shows(video, number)</c>, <c>probe.tile(name)</c>, <c>probe.watch(name, count, ms)</c>, <c>probe.heard(ms)</c>,
    /// <c>probe.inbound()</c>, <c>probe.outbound()</c>, <c>probe.outgoingBitrate()</c>, <c>probe.stand()</c> and <c>probe.localPorts()</c>.
    /// </summary>
    public static readonly string Text = $$"""
        globalThis.probe = (() => {
          const tones = [{{string.Join(", ", Tones.Select(tone => tone.ToString(CultureInfo.InvariantCulture)))}}];
          const colours = [{{string.Join(", ", CodedPicture.Colours.Select(each => FormattableString.Invariant($"[{each.Red}, {each.Green}, {each.Blue}]")))}}];
          const connections = new Set();

          // What the client says it does, the newest, for a failure to tell.
          const said = [];
          try { localStorage.setItem('clientLogs', 'on'); } catch { /* A page without storage. */ }
          for (const level of ['debug', 'log', 'info', 'warn', 'error']) {
            const native = console[level].bind(console);
            console[level] = (mark, ...words) => {
              if (!String(mark).startsWith('InternalLogs')) { native(mark, ...words); return; }
              let more = '';
              try { more = JSON.stringify(words.slice(2)); } catch { more = 'something circular'; }
              said.push(`${(performance.now() / 1000).toFixed(2)} ${words[0]} ${words[1]} ${more.slice(0, 160)}`);
              if (said.length > 400) said.shift();
            };
          }
          const Native = globalThis.RTCPeerConnection;
          globalThis.RTCPeerConnection = class extends Native {
            constructor(...given) { super(...given); connections.add(this); }
          };

          const width = 64, height = 48;
          const canvas = document.createElement('canvas');
          [canvas.width, canvas.height] = [width, height];
          const context = canvas.getContext('2d', { willReadFrequently: true });
          const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

          function picture(video) {
            if (!video || !video.videoWidth || video.readyState < 2) return null;
            context.drawImage(video, 0, 0, width, height);
            const pixels = context.getImageData(0, 0, width, height).data;
            const at = (x, y) => { const p = 4 * (y * width + x); return [pixels[p], pixels[p + 1], pixels[p + 2]]; };
            const light = (x, y) => at(x, y).reduce((a, b) => a + b) / 3;
            let number = 0, inverse = 0;
            for (let bit = 0; bit < 8; bit++) {
              number = number * 2 + (light(bit * 8 + 4, 4) > 126 ? 1 : 0);
              inverse = inverse * 2 + (light(bit * 8 + 4, 12) > 126 ? 1 : 0);
            }
            let weight = 0, sum = 0;
            for (let x = 0; x < width; x++) {
              const value = Math.max(0, light(x, 40) - 60);
              weight += value;
              sum += value * (x + 0.5);
            }
            return {
              isRead: (number ^ inverse) === 255,
              number,
              bar: weight === 0 ? -1 : sum / weight,
              colour: at(32, 24),
              width: video.videoWidth,
              height: video.videoHeight,
            };
          }

          // Whether it is now the picture of the participant of a number.
          function shows(video, source) {
            const seen = picture(video);
            return seen !== null && seen.isRead && seen.colour.every((value, at) => Math.abs(value - colours[source][at]) < 45);
          }

          const tiles = () => [...document.querySelectorAll('.tile[data-tile]')].filter((tile) => !tile.hidden);
          const tile = (name) => tiles().find((each) => each.querySelector('.tile-name')?.textContent === name);

          return {
            connections,
            picture,
            shows,
            tile,
            names: () => tiles().map((each) => each.querySelector('.tile-name').textContent),
            look: (name) => picture(tile(name)?.querySelector('video')),
            // The next pictures, each told once; fewer when they do not come in time.
            async watch(name, count, ms) {
              const seen = [];
              for (const end = performance.now() + ms; seen.length < count && performance.now() < end; await pause(40)) {
                const now = picture(tile(name)?.querySelector('video'));
                if (now !== null && now.number !== seen.at(-1)?.number) seen.push(now);
              }
              return seen;
            },
            // For each sound that comes in, how loud each tone was at its loudest, in decibels.
            async heard(ms) {
              const audio = new AudioContext();
              await audio.resume();
              const tracks = [...connections]
                .filter(({ connectionState }) => connectionState === 'connected')
                .flatMap((each) => each.getReceivers().map(({ track }) => track))
                .filter((track) => track.kind === 'audio' && track.readyState === 'live' && !track.muted);
              const ears = tracks.map((track) => {
                const analyser = audio.createAnalyser();
                analyser.fftSize = 4096;
                analyser.smoothingTimeConstant = 0;
                audio.createMediaStreamSource(new MediaStream([track])).connect(analyser);
                return { analyser, bins: new Float32Array(analyser.frequencyBinCount), loudest: tones.map(() => -200) };
              });
              for (const end = performance.now() + ms; performance.now() < end; await pause(50)) {
                for (const { analyser, bins, loudest } of ears) {
                  analyser.getFloatFrequencyData(bins);
                  tones.forEach((tone, at) => {
                    const bin = Math.round((tone * analyser.fftSize) / audio.sampleRate);
                    const level = Math.max(...bins.subarray(bin - 2, bin + 3));
                    if (level > loudest[at]) loudest[at] = level;
                  });
                }
              }
              await audio.close();
              return ears.map(({ loudest }) => loudest.map((level) => Math.round(Math.max(-200, level))));
            },
            // What comes in of each picture.
            async inbound() {
              const found = [];
              for (const each of connections) {
                if (each.connectionState !== 'connected') continue;
                (await each.getStats()).forEach((stats) => {
                  if (stats.type === 'inbound-rtp' && stats.kind === 'video') {
                    found.push({ track: stats.trackIdentifier, width: stats.frameWidth ?? 0, frames: stats.framesDecoded ?? 0, packets: stats.packetsReceived ?? 0 });
                  }
                });
              }
              return found;
            },
            // Each encoding of the picture that goes out, and what keeps it small.
            async outbound() {
              const found = [];
              for (const each of connections) {
                if (each.connectionState !== 'connected') continue;
                (await each.getStats()).forEach((stats) => {
                  if (stats.type === 'outbound-rtp' && stats.kind === 'video') {
                    found.push({
                      rid: stats.rid ?? '', width: stats.frameWidth ?? 0, frames: stats.framesSent ?? 0, isActive: stats.active ?? true,
                      limit: stats.qualityLimitationReason ?? '', targetBps: stats.targetBitrate ?? 0,
                    });
                  }
                });
              }
              return found;
            },
            // Bits per second that the browser believes it can send, over its best connection.
            async outgoingBitrate() {
              let most = 0;
              for (const each of connections) {
                (await each.getStats()).forEach(({ availableOutgoingBitrate }) => { most = Math.max(most, availableOutgoingBitrate ?? 0); });
              }
              return most;
            },
            // How each tile and each connection stands, for a failure to tell.
            async stand() {
              const shown = tiles().map((each) => {
                const video = each.querySelector('video');
                const told = (video?.srcObject?.getTracks() ?? []).map(({ id, readyState, muted }) => `${id.slice(0, 8)} ${readyState}${muted ? ' muted' : ''}`);
                return `${each.ariaLabel}: ${video?.videoWidth}x${video?.videoHeight} at ${video?.currentTime} s, ready ${video?.readyState}, ${JSON.stringify(picture(video))} of [${told}]`;
              });
              const linked = [];
              for (const each of connections) {
                const found = [];
                (await each.getStats()).forEach((stats) => {
                  if (stats.type === 'inbound-rtp' || stats.type === 'outbound-rtp') {
                    found.push(`${stats.type} ${stats.kind} ${stats.mid ?? ''} ${stats.rid ?? ''} ${(stats.trackIdentifier ?? '').slice(0, 8)} packets ${stats.packetsReceived ?? stats.packetsSent} frames ${stats.framesDecoded ?? stats.framesEncoded ?? '-'} keys ${stats.keyFramesDecoded ?? stats.keyFramesEncoded ?? '-'} pli ${stats.pliCount ?? '-'}`);
                  }
                });
                linked.push(`${each.connectionState}/${each.signalingState} ${each.getTransceivers().map(({ mid, direction, currentDirection }) => `${mid}:${direction}:${currentDirection}`)}\n    ${found.join('\n    ')}`);
              }
              return [...shown, ...linked, ...said].join('\n');
            },
            // The ports that media leaves this browser from.
            async localPorts() {
              const ports = [];
              for (const each of connections) {
                (await each.getStats()).forEach((stats) => { if (stats.type === 'local-candidate' && stats.port) ports.push(stats.port); });
              }
              return ports;
            },
          };
        })();
        """;
}
