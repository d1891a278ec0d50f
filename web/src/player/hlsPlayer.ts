import Hls, { type ErrorData, type HlsConfig, type Level, type LoadPolicy } from "hls.js";
import { type LivePosition, atLiveEdge, movedTo, rested, shouldJump, stalled, wentLive } from "./livePosition";
import { EdgeKeepingStreamController } from "./edgeKeeping";
import type { Player, PlayerChoices, PlayerEvent, PlayerLevel, PlayerSnapshot } from "./player";

/** How often the place in the stream is looked at. */
const watchEveryMs = 500;

/** Stalls within this time after playback began or jumped are part of its beginning. */
const settlesInMs = 4_000;

/** A playlist without news for so many parts: the publisher is away, or late. */
const standsStillAfterParts = 3;

/** A viewer who pauses for longer needs no more media until playing on. */
const restAfterMs = 30_000;

/** A picture that stands this near to the end of a stream that ended, in seconds, for so many looks, has ended. */
const endsWithin = 0.5;
const looksAtEnd = 2;

/** Media faults are mended in place so often within this time; a player that cannot is made anew. */
const mendsAllowed = 2;
const mendsWithinMs = 15_000;

// A server that restarts, or holds a request while the publisher is away, answers with errors for a while: the page asks
// for the stream's state by itself, so the loader only has to be patient.
function patiently(maxTimeToFirstByteMs: number, maxNumRetry: number): LoadPolicy {
  return {
    default: {
      maxTimeToFirstByteMs,
      maxLoadTimeMs: 20_000,
      timeoutRetry: { maxNumRetry, retryDelayMs: 0, maxRetryDelayMs: 0 },
      errorRetry: { maxNumRetry, retryDelayMs: 500, maxRetryDelayMs: 2_000, backoff: "linear" },
    },
  };
}

const config: Partial<HlsConfig> = {
  lowLatencyMode: true,
  streamController: EdgeKeepingStreamController,
  // The target is the playlist's PART-HOLD-BACK; what lies beyond it is made up by playing slightly faster.
  maxLiveSyncPlaybackRate: 1.15,
  // Stalls are answered by livePosition.ts, more gently than by a whole second each, and not for ever.
  liveSyncOnStallIncrease: 0,
  backBufferLength: 90,
  maxBufferLength: 20,
  // A parted buffer at a publisher's return is bridged at once rather than after some seconds.
  maxBufferHole: 0.3,
  enableInterstitialPlayback: false,
  manifestLoadPolicy: patiently(10_000, 3),
  playlistLoadPolicy: patiently(15_000, 40),
  fragLoadPolicy: patiently(10_000, 8),
};

/** Plays by hls.js. */
export class HlsPlayer implements Player {
  readonly family = "hls.js";
  readonly #hls: Hls;
  readonly #video: HTMLVideoElement;
  readonly #listener: (event: PlayerEvent) => void;
  readonly #watch: ReturnType<typeof setInterval>;
  readonly #gone = new AbortController();
  #live: LivePosition = atLiveEdge;
  #partHoldBack: number | null = null;
  #mends: number[] = [];
  #playsSince = Number.POSITIVE_INFINITY;
  #pausedAt: number | null = null;
  #rests = false;
  #looksAtEnd = 0;

  static isSupported(): boolean {
    return Hls.isSupported();
  }

  constructor(video: HTMLVideoElement, url: string, listener: (event: PlayerEvent) => void) {
    this.#video = video;
    this.#listener = listener;
    this.#hls = new Hls(config);
    const hls = this.#hls;
    const tellChoices = () => this.#listener({ kind: "choicesChanged", choices: this.#choices() });
    hls.on(Hls.Events.MANIFEST_PARSED, tellChoices);
    hls.on(Hls.Events.LEVELS_UPDATED, tellChoices);
    hls.on(Hls.Events.LEVEL_SWITCHED, tellChoices);
    hls.on(Hls.Events.AUDIO_TRACKS_UPDATED, tellChoices);
    hls.on(Hls.Events.AUDIO_TRACK_SWITCHED, tellChoices);
    hls.on(Hls.Events.SUBTITLE_TRACKS_UPDATED, tellChoices);
    hls.on(Hls.Events.SUBTITLE_TRACK_SWITCH, tellChoices);
    hls.on(Hls.Events.LEVEL_UPDATED, (_, { details }) => {
      this.#partHoldBack = details.partHoldBack || details.holdBack || null;
      this.#listener({ kind: "progressed" });
    });
    hls.on(Hls.Events.ERROR, (_, data) => this.#heed(data));

    const { signal } = this.#gone;
    video.addEventListener("ended", () => this.#listener({ kind: "ended" }), { signal });
    video.addEventListener("play", () => this.#wakeUp(), { signal });
    video.addEventListener("playing", () => (this.#playsSince = Math.min(this.#playsSince, performance.now())), { signal });
    video.addEventListener("seeking", () => (this.#playsSince = performance.now()), { signal });
    video.textTracks.addEventListener("change", tellChoices, { signal });
    video.textTracks.addEventListener("addtrack", tellChoices, { signal });

    hls.loadSource(url);
    hls.attachMedia(video);
    this.#watch = setInterval(() => this.#keepLive(), watchEveryMs);
  }

  snapshot(): PlayerSnapshot {
    const { seekable, buffered, currentTime: position } = this.#video;
    const details = this.#hls.latestLevelDetails;
    const level: Level | undefined = this.#hls.levels[this.#hls.currentLevel];
    const quality = this.#video.getVideoPlaybackQuality?.();
    const latency = details?.live === true && this.#video.readyState > 0 ? Math.max(0, this.#hls.latency) : null;
    const start = seekable.length > 0 ? seekable.start(0) : 0;
    const end = details?.edge ?? (seekable.length > 0 ? seekable.end(seekable.length - 1) : position);
    return {
      position,
      start,
      edge: latency === null ? end : position + latency,
      latency,
      targetLatency: this.#hls.targetLatency,
      buffered: bufferedAhead(buffered, position),
      width: this.#video.videoWidth,
      height: this.#video.videoHeight,
      bitrateBps: level === undefined || level.bitrate === 0 ? null : level.bitrate,
      framesShown: (quality?.totalVideoFrames ?? 0) - (quality?.droppedVideoFrames ?? 0),
      framesDropped: quality?.droppedVideoFrames ?? 0,
    };
  }

  goLive(): void {
    this.#live = wentLive(this.#live);
    const position = this.#hls.liveSyncPosition;
    if (position !== null) {
      this.#video.currentTime = position;
    }
  }

  seekTo(position: number): void {
    this.#notePlace(this.#hls.latency + this.#video.currentTime - position);
    this.#video.currentTime = position;
  }

  chooseLevel(id: number | null): void {
    this.#hls.nextLevel = id ?? -1;
    this.#listener({ kind: "choicesChanged", choices: this.#choices() });
  }

  chooseSound(id: number): void {
    this.#hls.audioTrack = id;
  }

  chooseCaption(id: number | null): void {
    if (this.#hls.subtitleTracks.length > 0) {
      this.#hls.subtitleDisplay = id !== null;
      this.#hls.subtitleTrack = id ?? -1;
    } else {
      // Captions inside the picture (CEA-608 and -708) are text tracks of the element only.
      captionTracks(this.#video).forEach((track, at) => (track.mode = at === id ? "showing" : "disabled"));
    }

    this.#listener({ kind: "choicesChanged", choices: this.#choices() });
  }

  destroy(): void {
    clearInterval(this.#watch);
    this.#gone.abort();
    this.#hls.destroy();
  }

  #choices(): PlayerChoices {
    const levels = this.#hls.levels.map(
      (level, id): PlayerLevel => ({
        id,
        width: level.width,
        height: level.height,
        frameRate: level.frameRate || null,
        bitrateBps: level.bitrate || null,
      }),
    );
    const renditions = this.#hls.subtitleTracks.map((track, id) => ({ id, label: track.name || track.lang || `Captions ${id + 1}` }));
    const inPicture = captionTracks(this.#video);
    const showing = inPicture.findIndex((track) => track.mode === "showing");
    return {
      levels,
      level: this.#hls.autoLevelEnabled ? null : this.#hls.manualLevel,
      sounds: this.#hls.audioTracks.map((track, id) => ({ id, label: track.name || track.lang || `Sound ${id + 1}` })),
      sound: this.#hls.audioTrack < 0 ? null : this.#hls.audioTrack,
      captions:
        renditions.length > 0
          ? renditions
          : inPicture.map((track, id) => ({ id, label: track.label || track.language || `Captions ${id + 1}` })),
      caption:
        renditions.length > 0
          ? this.#hls.subtitleDisplay && this.#hls.subtitleTrack >= 0
            ? this.#hls.subtitleTrack
            : null
          : showing < 0
            ? null
            : showing,
    };
  }

  #heed(data: ErrorData): void {
    const now = performance.now();
    if (data.details === Hls.ErrorDetails.BUFFER_STALLED_ERROR && !data.fatal) {
      // More distance helps against a network that is now and then late; not at the start, where the buffer is just being
      // filled, and not when the stream itself stands still.
      const details = this.#hls.latestLevelDetails;
      const isStreamLate = details === null || details.age > standsStillAfterParts * (details.partTarget || details.targetduration);
      if (!isStreamLate && now - this.#playsSince > settlesInMs) {
        this.#live = stalled(this.#live, now);
      }

      return;
    }

    if (!data.fatal) {
      return;
    }

    if (data.type === Hls.ErrorTypes.MEDIA_ERROR && data.details !== Hls.ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR) {
      this.#mends = this.#mends.filter((at) => now - at < mendsWithinMs);
      if (this.#mends.length < mendsAllowed) {
        this.#mends.push(now);
        this.#hls.recoverMediaError();
        return;
      }
    }

    const reason =
      data.type === Hls.ErrorTypes.NETWORK_ERROR
        ? "network"
        : data.details === Hls.ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR
          ? "unsupported"
          : "media";
    this.#listener({ kind: "failed", reason, detail: data.details });
  }

  #keepLive(): void {
    const now = performance.now();
    const details = this.#hls.latestLevelDetails;
    if (details !== null && !details.live) {
      this.#noticeEnd(details.edge);
      return;
    }

    if (details === null || this.#partHoldBack === null) {
      return;
    }

    if (this.#video.paused) {
      this.#pausedAt ??= now;
      if (!this.#rests && now - this.#pausedAt >= restAfterMs) {
        this.#rests = true;
        this.#hls.stopLoad();
      }

      return;
    }

    this.#live = rested(this.#live, now);
    const target = this.#partHoldBack + this.#live.margin;
    if (this.#live.margin > 0 || Math.abs((this.#hls.targetLatency ?? target) - target) > 0.01) {
      this.#hls.targetLatency = target;
    }

    if (shouldJump(this.#live, this.#hls.latency, this.#partHoldBack) && this.#video.readyState > 0 && !this.#video.seeking) {
      const position = this.#hls.liveSyncPosition;
      // At a publisher's absence the edge stands still and is not worth a jump.
      if (position !== null && position - this.#video.currentTime > 1) {
        this.#video.currentTime = position;
      }
    }
  }

  /**
   * hls.js closes the stream, so that the element ends, when the segment that is marked as the last was appended. An end
   * that became known only after its last segment is now and then missed, and the element waits for ever.
   */
  #noticeEnd(edge: number): void {
    const { currentTime, readyState, paused, ended, seeking } = this.#video;
    const isAtEnd = !paused && !ended && !seeking && readyState === HTMLMediaElement.HAVE_CURRENT_DATA && edge - currentTime < endsWithin;
    this.#looksAtEnd = isAtEnd ? this.#looksAtEnd + 1 : 0;
    if (this.#looksAtEnd >= looksAtEnd) {
      this.#listener({ kind: "ended" });
    }
  }

  #wakeUp(): void {
    this.#pausedAt = null;
    this.#notePlace(this.#hls.latency);
    if (this.#rests) {
      this.#rests = false;
      this.#hls.startLoad();
    }
  }

  /** The viewer chose a place, by seeking or by a pause: who is behind on purpose is not pulled forward. */
  #notePlace(latency: number): void {
    if (this.#partHoldBack !== null) {
      this.#live = movedTo(this.#live, latency, this.#partHoldBack);
    }
  }
}

function captionTracks(video: HTMLVideoElement): TextTrack[] {
  return [...video.textTracks].filter((track) => track.kind === "captions" || track.kind === "subtitles");
}

export function bufferedAhead(ranges: TimeRanges, position: number): number {
  for (let i = 0; i < ranges.length; i++) {
    if (position >= ranges.start(i) - 0.1 && position < ranges.end(i)) {
      return ranges.end(i) - position;
    }
  }

  return 0;
}
