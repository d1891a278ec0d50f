import type { MeetingSnapshot } from "../meeting/meeting";
import { element, setAttribute, setText, show } from "../ui/elements";
import { Panel } from "../ui/panel";
import { liveBadge, onAirAct, recordingBadge } from "./words";

export interface OnAirActs {
  goLive(): void;
  endLive(): void;
  record(): void;
  pauseRecording(): void;
  stopRecording(): void;
  copyWatchUrl(url: string): void;
}

/** What tells everybody that the meeting is live or recorded, and the panel by which those begin and end it who may. */
export class OnAirView {
  readonly #liveBadge = element("live-badge", HTMLElement);
  readonly #recordingBadge = element("recording-badge", HTMLElement);
  readonly #button = element("on-air", HTMLButtonElement);
  readonly #panel: Panel;
  readonly #liveBox = element("live-box", HTMLElement);
  readonly #liveAct = element("live-act", HTMLButtonElement);
  readonly #liveLink = element("live-link", HTMLButtonElement);
  readonly #recordingBox = element("recording-box", HTMLElement);
  readonly #recordingAct = element("recording-act", HTMLButtonElement);
  readonly #recordingPause = element("recording-pause", HTMLButtonElement);
  #snapshot: MeetingSnapshot | null = null;

  constructor(acts: OnAirActs) {
    this.#panel = new Panel(this.#button, element("on-air-panel", HTMLElement));
    this.#liveAct.addEventListener("click", () => (this.#snapshot?.onAir.live === "off" ? acts.goLive() : acts.endLive()));
    this.#liveLink.addEventListener("click", () => {
      const url = this.#snapshot?.onAir.watchUrl;
      if (url) {
        acts.copyWatchUrl(url);
      }
    });
    this.#recordingAct.addEventListener("click", () => (this.#snapshot?.onAir.recording === "off" ? acts.record() : acts.stopRecording()));
    this.#recordingPause.addEventListener("click", () => (this.#snapshot?.onAir.recording === "paused" ? acts.record() : acts.pauseRecording()));
  }

  draw(snapshot: MeetingSnapshot): void {
    this.#snapshot = snapshot;
    const { onAir, rights, livestream } = snapshot;
    // Who watches the livestream has the word on its picture.
    drawBadge(this.#liveBadge, livestream === null ? liveBadge(onAir) : null);
    drawBadge(this.#recordingBadge, recordingBadge(onAir));
    const mayAct = rights.goesLive || rights.records;
    show(this.#button, mayAct);
    if (!mayAct) {
      this.#panel.set(false);
    }

    show(this.#liveBox, rights.goesLive);
    drawAct(this.#liveAct, onAirAct(onAir.live), "Go live", "Stop the livestream");
    show(this.#liveLink, onAir.live === "on" && onAir.watchUrl !== null);
    show(this.#recordingBox, rights.records);
    drawAct(this.#recordingAct, onAirAct(onAir.recording), "Record", "Stop recording");
    show(this.#recordingPause, onAir.recording === "on" || onAir.recording === "paused");
    setText(this.#recordingPause, onAir.recording === "paused" ? "Go on recording" : "Pause");
  }
}

function drawBadge(badge: HTMLElement, words: string | null): void {
  show(badge, words !== null);
  setText(badge, words ?? "");
}

function drawAct(button: HTMLButtonElement, act: "start" | "stop" | null, start: string, stop: string): void {
  setText(button, act === "start" ? start : act === "stop" ? stop : "One moment");
  setAttribute(button, "disabled", act === null ? "" : null);
  button.classList.toggle("primary", act === "start");
  button.classList.toggle("danger", act === "stop");
}
