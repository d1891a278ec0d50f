import { NativePlayer } from "./nativePlayer";
import type { Player, PlayerEvent, PlayerSnapshot } from "./player";

const nothing: PlayerSnapshot = {
  position: 0,
  start: 0,
  edge: 0,
  latency: null,
  targetLatency: null,
  buffered: 0,
  width: 0,
  height: 0,
  bitrateBps: null,
  framesShown: 0,
  framesDropped: 0,
};

/** hls.js is most of the page's bytes: it is fetched only where it is used, while the page is already there. */
const hlsPlayer = canUseMediaSource() ? import("./hlsPlayer") : null;

// Asked for anew when first needed; a page that cannot fetch it says so then.
hlsPlayer?.catch(() => undefined);

/** The player that suits the browser: hls.js where Media Source Extensions exist, the browser's own HLS elsewhere. */
export class LazyPlayer implements Player {
  #player: Player | null = null;
  #isDestroyed = false;

  /** @param made called when the video element has its media: only now does playing mean something. */
  constructor(video: HTMLVideoElement, url: string, listener: (event: PlayerEvent) => void, made: () => void) {
    void this.#make(video, url, listener, made);
  }

  get family(): string {
    return this.#player?.family ?? (hlsPlayer === null ? "native" : "hls.js");
  }

  snapshot(): PlayerSnapshot {
    return this.#player?.snapshot() ?? nothing;
  }

  goLive(): void {
    this.#player?.goLive();
  }

  seekTo(position: number): void {
    this.#player?.seekTo(position);
  }

  chooseLevel(id: number | null): void {
    this.#player?.chooseLevel(id);
  }

  chooseSound(id: number): void {
    this.#player?.chooseSound(id);
  }

  chooseCaption(id: number | null): void {
    this.#player?.chooseCaption(id);
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#player?.destroy();
  }

  async #make(
    video: HTMLVideoElement,
    url: string,
    listener: (event: PlayerEvent) => void,
    made: () => void,
  ): Promise<void> {
    // The listener's owner has to hold this player before the first event.
    await Promise.resolve();
    try {
      const module = await (hlsPlayer?.catch(() => import("./hlsPlayer")) ?? null);
      if (this.#isDestroyed) {
        return;
      }

      if (module?.HlsPlayer.isSupported() === true) {
        this.#player = new module.HlsPlayer(video, url, listener);
      } else if (NativePlayer.isSupported(video)) {
        this.#player = new NativePlayer(video, url, listener);
      } else {
        listener({ kind: "failed", reason: "unsupported", detail: "no Media Source Extensions and no HLS" });
        return;
      }

      made();
    } catch (error) {
      if (!this.#isDestroyed) {
        listener({ kind: "failed", reason: "network", detail: error instanceof Error ? error.message : "" });
      }
    }
  }
}

function canUseMediaSource(): boolean {
  return "MediaSource" in globalThis || "ManagedMediaSource" in globalThis;
}
