import type { LivestreamPlace } from "../meeting/meeting";
import { LazyPlayer } from "../player/lazyPlayer";
import { element, make, setText, show } from "../ui/elements";

/** A player that failed is made anew after this time, in milliseconds, as long as the meeting is live. */
const againAfterMs = 2_000;

/** What those see who watch the meeting as a livestream: the composed picture, a little behind, and whether it is live. */
export class LivestreamView {
  readonly #root = element("livestream", HTMLElement);
  readonly #video = make("video", "");
  readonly #badge = make("span", "pill live");
  readonly #sound = make("button", "sound-tap");
  #player: LazyPlayer | null = null;
  #url: string | null = null;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.#video.playsInline = true;
    this.#video.setAttribute("aria-label", "Livestream of the meeting");
    this.#sound.type = "button";
    setText(this.#sound, "Tap for sound");
    setText(this.#badge, "Live");
    show(this.#sound, false);
    this.#sound.addEventListener("click", () => {
      this.#video.muted = false;
      void this.#video.play();
      show(this.#sound, false);
    });
    this.#root.append(this.#video, this.#badge, this.#sound);
  }

  /** @param place null for those who are in the meeting itself. */
  draw(place: LivestreamPlace | null): void {
    const url = place?.isLive === true ? place.url : null;
    show(this.#root, url !== null);
    if (url !== this.#url) {
      this.#url = url;
      this.#stop();
      if (url !== null) {
        this.#start(url);
      }
    }
  }

  #start(url: string): void {
    this.#player = new LazyPlayer(
      this.#video,
      url,
      (event) => {
        if (event.kind === "failed" && event.reason !== "unsupported") {
          this.#stop();
          this.#again = setTimeout(() => this.#start(url), againAfterMs);
        }
      },
      () => void this.#play(),
    );
    this.#video.addEventListener("loadedmetadata", () => void this.#play(), { once: true });
  }

  #stop(): void {
    clearTimeout(this.#again);
    this.#player?.destroy();
    this.#player = null;
  }

  /** With sound where the browser lets it, else without, and a word about it. */
  async #play(): Promise<void> {
    try {
      await this.#video.play();
    } catch (error) {
      if (error instanceof DOMException && error.name === "NotAllowedError") {
        this.#video.muted = true;
        show(this.#sound, true);
        await this.#video.play().catch(() => undefined);
      }
    }
  }
}
