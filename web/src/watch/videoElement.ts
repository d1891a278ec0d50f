import type { WatchInput } from "./watchState";

const soundKey = "roomcast.sound";

/** A stall shorter than this is not worth a word. */
const stallMs = 600;

/** How long without progress a picture counts as stalled although there seems to be something to show, in milliseconds. */
const noProgressMs = 2_500;

/** How often the element is looked at, in milliseconds. */
const lookEveryMs = 250;

/** What older Safari has under names of its own. */
interface AppleVideo {
  webkitEnterFullscreen?: () => void;
  webkitDisplayingFullscreen?: boolean;
}

type PlaybackInput = Extract<WatchInput, { kind: "playbackChanged" | "blockedBy" }>;

/**
 * The video element's own matters: playing as far as the browser allows, sound and its memory, full screen, and telling
 * what playback does.
 */
export class VideoElement {
  readonly #video: HTMLVideoElement & AppleVideo;
  readonly #frame: HTMLElement;
  readonly #tell: (input: PlaybackInput) => void;
  #told: "playing" | "paused" | "stalled" | null = null;
  #position = 0;
  #progressedAt = 0;
  #hasFrame = false;
  #wantsSound = true;
  #wantsPlay = true;

  constructor(video: HTMLVideoElement, frame: HTMLElement, tell: (input: PlaybackInput) => void, changed: () => void) {
    this.#video = video;
    this.#frame = frame;
    this.#tell = tell;
    this.#recallSound();
    // Taking new media, or mending it, pauses the element: that was nobody's wish.
    video.addEventListener("loadedmetadata", () => {
      if (this.#wantsPlay && video.paused) {
        void this.play();
      }
    });
    video.addEventListener("playing", () => {
      this.#hasFrame = true;
      this.#look();
    });
    for (const event of ["timeupdate", "pause", "waiting", "seeked"]) {
      video.addEventListener(event, () => this.#look());
    }

    // Browsers do not tell by events all that happens: a stall may come, and go, without a word.
    setInterval(() => this.#look(), lookEveryMs);
    video.addEventListener("volumechange", changed);
    document.addEventListener("fullscreenchange", changed);
  }

  static abilities(): { fullscreen: boolean; pictureInPicture: boolean } {
    const video: HTMLVideoElement & AppleVideo = document.createElement("video");
    return {
      fullscreen: document.fullscreenEnabled === true || "webkitEnterFullscreen" in video,
      pictureInPicture: document.pictureInPictureEnabled === true,
    };
  }

  get hasFrame(): boolean {
    return this.#hasFrame;
  }

  get isFullscreen(): boolean {
    return document.fullscreenElement !== null || this.#video.webkitDisplayingFullscreen === true;
  }

  /** A new player takes the element. */
  reset(): void {
    this.#told = null;
    this.#hasFrame = false;
    this.#wantsPlay = true;
  }

  /** Plays with sound if the browser lets it, else without, else says that the viewer has to ask. */
  async play(): Promise<void> {
    this.#wantsPlay = true;
    try {
      await this.#video.play();
      this.#tell({ kind: "blockedBy", blocked: this.#video.muted && this.#wantsSound ? "sound" : null });
      return;
    } catch (error) {
      if (!isForbidden(error)) {
        return; // A new load interrupted it, and will play by itself.
      }
    }

    this.#video.muted = true;
    try {
      await this.#video.play();
      this.#tell({ kind: "blockedBy", blocked: this.#wantsSound ? "sound" : null });
    } catch (error) {
      if (isForbidden(error)) {
        this.#tell({ kind: "blockedBy", blocked: "playback" });
      }
    }
  }

  togglePlay(): void {
    if (this.#video.paused) {
      void this.play();
    } else {
      this.#wantsPlay = false;
      this.#video.pause();
    }
  }

  toggleMute(): void {
    this.#video.muted = !this.#video.muted;
    if (!this.#video.muted && this.#video.volume === 0) {
      this.#video.volume = 0.5;
    }

    this.#keepSound();
  }

  setVolume(share: number): void {
    this.#video.volume = Math.min(1, Math.max(0, share));
    this.#video.muted = this.#video.volume === 0;
    this.#keepSound();
  }

  async toggleFullscreen(): Promise<void> {
    try {
      if (document.fullscreenElement !== null) {
        await document.exitFullscreen();
      } else if (document.fullscreenEnabled) {
        await this.#frame.requestFullscreen();
      } else {
        this.#video.webkitEnterFullscreen?.();
      }
    } catch {
      // The browser said no; the page goes on as it is.
    }
  }

  async togglePictureInPicture(): Promise<void> {
    try {
      if (document.pictureInPictureElement !== null) {
        await document.exitPictureInPicture();
      } else {
        await this.#video.requestPictureInPicture();
      }
    } catch {
      // The browser said no, or there is no picture so far.
    }
  }

  /** Tells what the element does, if that is something else than before. */
  #look(): void {
    const video = this.#video;
    if (!this.#hasFrame || video.readyState === 0) {
      return;
    }

    if (video.ended) {
      this.#told = null; // The player tells of the end; whoever goes back from it plays anew.
      return;
    }

    const now = performance.now();
    const hasMore = video.readyState > 2;
    // A player that tries to get over a gap moves the position too; that is no progress.
    if (video.paused || (hasMore && !video.seeking && video.currentTime !== this.#position) || this.#told === null) {
      this.#progressedAt = now;
    }

    this.#position = video.currentTime;
    const isStalled = now - this.#progressedAt >= (hasMore ? noProgressMs : stallMs);
    const playback = video.paused ? "paused" : isStalled ? "stalled" : this.#progressedAt === now ? "playing" : this.#told;
    if (playback === null || playback === this.#told) {
      return;
    }

    this.#told = playback;
    this.#tell({ kind: "playbackChanged", playback });
    if (playback === "playing" && video.muted && this.#wantsSound) {
      // Playing without sound may have begun by itself, after a new load had interrupted our own attempt.
      this.#tell({ kind: "blockedBy", blocked: "sound" });
    }
  }

  #recallSound(): void {
    try {
      const kept: unknown = JSON.parse(localStorage.getItem(soundKey) ?? "null");
      if (typeof kept === "object" && kept !== null && "volume" in kept && typeof kept.volume === "number") {
        this.#video.volume = Math.min(1, Math.max(0, kept.volume));
        this.#wantsSound = !("muted" in kept && kept.muted === true);
        this.#video.muted = !this.#wantsSound;
      }
    } catch {
      // Storage is forbidden or damaged: the defaults will do.
    }
  }

  #keepSound(): void {
    this.#wantsSound = !this.#video.muted;
    this.#tell({ kind: "blockedBy", blocked: null });
    try {
      localStorage.setItem(soundKey, JSON.stringify({ volume: this.#video.volume, muted: this.#video.muted }));
    } catch {
      // Storage is forbidden: the choice lasts as long as the page.
    }
  }
}

function isForbidden(error: unknown): boolean {
  return error instanceof DOMException && error.name === "NotAllowedError";
}
