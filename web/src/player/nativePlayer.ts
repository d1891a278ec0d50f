import type { Player, PlayerChoices, PlayerEvent, PlayerSnapshot } from "./player";

/** AVPlayer keeps about this distance in its low-latency mode; nobody tells the page the true one. */
const usualTarget = 2;

/** Plays by the browser's own HLS: Safari on iPhones, which has no Media Source Extensions. */
export class NativePlayer implements Player {
  readonly family = "native";
  readonly #video: HTMLVideoElement;
  readonly #gone = new AbortController();
  readonly #listener: (event: PlayerEvent) => void;

  static isSupported(video: HTMLVideoElement): boolean {
    return video.canPlayType("application/vnd.apple.mpegurl") !== "";
  }

  constructor(video: HTMLVideoElement, url: string, listener: (event: PlayerEvent) => void) {
    this.#video = video;
    this.#listener = listener;
    const { signal } = this.#gone;
    const tellChoices = () => listener({ kind: "choicesChanged", choices: this.#choices() });
    video.addEventListener("loadedmetadata", tellChoices, { signal });
    video.addEventListener("resize", tellChoices, { signal });
    video.addEventListener("progress", () => listener({ kind: "progressed" }), { signal });
    video.addEventListener("timeupdate", () => listener({ kind: "progressed" }), { signal });
    video.addEventListener("ended", () => listener({ kind: "ended" }), { signal });
    video.addEventListener("error", () => this.#fail(), { signal });
    video.textTracks.addEventListener("addtrack", tellChoices, { signal });
    video.textTracks.addEventListener("change", tellChoices, { signal });
    video.src = url;
    video.load();
  }

  snapshot(): PlayerSnapshot {
    const { seekable, currentTime: position } = this.#video;
    const hasRange = seekable.length > 0;
    const edge = hasRange ? seekable.end(seekable.length - 1) : position;
    const quality = this.#video.getVideoPlaybackQuality?.();
    let buffered = 0;
    for (let i = 0; i < this.#video.buffered.length; i++) {
      buffered = Math.max(buffered, this.#video.buffered.end(i) - position);
    }

    return {
      position,
      start: hasRange ? seekable.start(0) : 0,
      edge,
      latency: hasRange ? Math.max(0, edge - position) : null,
      targetLatency: usualTarget,
      buffered,
      width: this.#video.videoWidth,
      height: this.#video.videoHeight,
      bitrateBps: null,
      framesShown: quality?.totalVideoFrames ?? 0,
      framesDropped: quality?.droppedVideoFrames ?? 0,
    };
  }

  goLive(): void {
    const { edge } = this.snapshot();
    this.#video.currentTime = Math.max(0, edge - usualTarget);
  }

  seekTo(position: number): void {
    this.#video.currentTime = position;
  }

  // The browser chooses the level and the sound by itself.
  chooseLevel(): void {}

  chooseSound(): void {}

  chooseCaption(id: number | null): void {
    this.#captions().forEach((track, at) => (track.mode = at === id ? "showing" : "disabled"));
    this.#listener({ kind: "choicesChanged", choices: this.#choices() });
  }

  destroy(): void {
    this.#gone.abort();
    this.#video.removeAttribute("src");
    this.#video.load();
  }

  #captions(): TextTrack[] {
    return [...this.#video.textTracks].filter((track) => track.kind === "captions" || track.kind === "subtitles");
  }

  #choices(): PlayerChoices {
    const captions = this.#captions();
    const showing = captions.findIndex((track) => track.mode === "showing");
    return {
      levels: [],
      level: null,
      sounds: [],
      sound: null,
      captions: captions.map((track, id) => ({ id, label: track.label || track.language || `Captions ${id + 1}` })),
      caption: showing < 0 ? null : showing,
    };
  }

  #fail(): void {
    const { error } = this.#video;
    const reason =
      error?.code === MediaError.MEDIA_ERR_NETWORK ? "network" : error?.code === MediaError.MEDIA_ERR_DECODE ? "media" : "network";
    this.#listener({ kind: "failed", reason, detail: error?.message ?? "" });
  }
}
