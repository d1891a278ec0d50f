using Roomcast.TestKit.Video;

namespace Roomcast.Interop.Browser;

/// <summary>Reads the picture clock inside a page, from its video element by a canvas.</summary>
internal static class PictureClockScript
{
    /// <summary>
    /// Runs before the page's scripts. Gives the page <c>pictureClock.latencies(ms)</c>, the age of the picture on screen in
    /// milliseconds every 200 ms, and <c>pictureClock.frames(ms)</c>, media time and counter of each frame that was presented, and
    /// whether the reading came late; <c>pictureClock.step(count)</c>, which pauses and gives the counters of so many frames of what the
    /// player has, one after the other; and <c>pictureClock.watched()</c>, the seconds during which the picture moved.
    /// </summary>
    public static readonly string Text = $$"""
        globalThis.pictureClock = (() => {
          const columns = {{PictureClock.Columns}}, rows = {{PictureClock.Rows}}, cell = 8;
          const canvas = new OffscreenCanvas(columns * cell, 2 * cell);
          const context = canvas.getContext('2d', { willReadFrequently: true });

          function readRow(pixels, row) {
            let value = 0, checksum = 0;
            for (let column = 0; column < columns; column++) {
              let sum = 0;
              for (let y = 3; y < 5; y++) {
                for (let x = 3; x < 5; x++) {
                  sum += pixels[4 * ((row * cell + y) * columns * cell + column * cell + x)];
                }
              }
              const bit = sum > 4 * 126 ? 1 : 0;
              if (column < 32) value = value * 2 + bit; else checksum = checksum * 2 + bit;
            }
            const expected = 0xA5 ^ (value & 255) ^ ((value >>> 8) & 255) ^ ((value >>> 16) & 255) ^ ((value >>> 24) & 255);
            return checksum === expected ? value : null;
          }

          function read(video) {
            const height = video.videoHeight * 2 / rows;
            if (height === 0) return null;
            context.drawImage(video, 0, 0, video.videoWidth, height, 0, 0, canvas.width, canvas.height);
            const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
            const wallMs = readRow(pixels, 0), counter = readRow(pixels, 1);
            return wallMs === null || counter === null ? null : { wallMs, counter };
          }

          const video = () => document.getElementById('video');
          const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

          // Time during which the picture moved, as seen from outside the page's own scripts.
          let watchedMs = 0, lastPosition = 0, lastLook = performance.now();
          setInterval(() => {
            const now = performance.now(), position = video()?.currentTime ?? 0;
            if (position !== lastPosition && !video().paused) watchedMs += now - lastLook;
            lastLook = now;
            lastPosition = position;
          }, 50);

          return {
            watched: () => watchedMs / 1000,
            now: () => read(video()),
            async latencies(ms) {
              const ages = [];
              for (const end = performance.now() + ms; performance.now() < end; await pause(200)) {
                const stamp = read(video());
                if (stamp !== null) ages.push((Date.now() - stamp.wallMs) >>> 0);
              }
              return ages;
            },
            async step(count) {
              const seek = async (to) => {
                // A frame that stands on screen already is not presented again.
                const shown = Promise.race([new Promise((resolve) => video().requestVideoFrameCallback((_, frame) => resolve(frame))), pause(1000)]);
                const sought = new Promise((resolve) => video().addEventListener('seeked', resolve, { once: true }));
                video().currentTime = to;
                await sought;
                return shown;
              };
              video().pause();
              const ranges = video().buffered, last = ranges.length - 1, length = count / 30;
              if (last < 0 || ranges.end(last) - ranges.start(last) < length + 0.5) return null;
              const first = await seek(ranges.end(last) - length - 0.3);
              const counters = [];
              for (let i = 0; i < count; i++) {
                // The middle of each frame, from the time of one of them.
                await seek(first.mediaTime + (i + 0.5) / 30);
                counters.push(read(video())?.counter ?? -1);
              }
              return counters;
            },
            frames(ms) {
              const frames = [];
              return new Promise((resolve) => {
                const step = (now, metadata) => {
                  // A callback that comes late finds the next picture on screen already.
                  const counter = read(video())?.counter ?? -1;
                  const late = performance.now() - Math.max(now, metadata.expectedDisplayTime);
                  frames.push({ mediaTime: metadata.mediaTime, counter, isLate: late > 8 });
                  video().requestVideoFrameCallback(step);
                };
                video().requestVideoFrameCallback(step);
                setTimeout(() => resolve(frames), ms);
              });
            },
          };
        })();
        """;
}
