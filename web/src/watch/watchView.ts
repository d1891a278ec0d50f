import type { PlayerChoices, PlayerSnapshot } from "../player/player";
import { isAtEdge } from "../player/livePosition";
import { ChoiceGroup } from "../ui/choiceGroup";
import { element, setAttribute, setLabel, setText, show } from "../ui/elements";
import { Attention } from "../ui/attention";
import { Panel } from "../ui/panel";
import { type Stage, type WatchState, badgeOf, stageOf } from "./watchState";
import {
  announcementOf,
  bitrateText,
  durationText,
  latencyText,
  levelText,
  spokenDuration,
  stageWords,
  viewersText,
} from "./words";

/** What the viewer asks for. */
export interface WatchActs {
  togglePlay(): void;
  toggleMute(): void;
  setVolume(share: number): void;
  goLive(): void;
  seekTo(position: number): void;
  chooseLevel(id: number | null): void;
  chooseSound(id: number): void;
  chooseCaption(id: number | null): void;
  toggleCaptions(): void;
  toggleFullscreen(): void;
  togglePictureInPicture(): void;
  share(): void;
}

/** All that is drawn. */
export interface WatchPicture {
  readonly state: WatchState;
  readonly snapshot: PlayerSnapshot | null;
  readonly choices: PlayerChoices;
  readonly family: string;
  readonly isPaused: boolean;
  readonly isMuted: boolean;
  readonly volume: number;
  readonly isFullscreen: boolean;
  readonly hasFrame: boolean;
  readonly now: number;
}

const autoLevel = "auto";
const noCaption = "off";

/** A window shorter than this is not worth a slider. */
const shortestWindow = 10;

const stageLooks: Partial<Record<Stage, string>> = {
  connecting: "turn",
  starting: "turn",
  buffering: "turn",
  waiting: "wait",
  interrupted: "wait",
};

/** Draws the page and hands on what the viewer does with it. */
export class WatchView {
  readonly player = element("player", HTMLElement);
  readonly video = element("video", HTMLVideoElement);
  readonly #stage = element("stage", HTMLElement);
  readonly #stageTitle = element("stage-title", HTMLElement);
  readonly #stageText = element("stage-text", HTMLElement);
  readonly #bigPlay = element("big-play", HTMLButtonElement);
  readonly #soundTap = element("sound-tap", HTMLButtonElement);
  readonly #play = element("play", HTMLButtonElement);
  readonly #mute = element("mute", HTMLButtonElement);
  readonly #volume = element("volume", HTMLInputElement);
  readonly #live = element("live", HTMLButtonElement);
  readonly #liveWord = element("live-word", HTMLElement);
  readonly #latency = element("latency", HTMLElement);
  readonly #seekRow = element("seek-row", HTMLElement);
  readonly #seek = element("seek", HTMLInputElement);
  readonly #picture = element("picture", HTMLElement);
  readonly #captions = element("captions", HTMLButtonElement);
  readonly #pip = element("pip", HTMLButtonElement);
  readonly #fullscreen = element("fullscreen", HTMLButtonElement);
  readonly #details = element("details", HTMLElement);
  readonly #detailsSwitch = element("details-switch", HTMLInputElement);
  readonly #menuNote = element("menu-note", HTMLElement);
  readonly #title = element("title", HTMLElement);
  readonly #badge = element("badge", HTMLElement);
  readonly #viewers = element("viewers", HTMLElement);
  readonly #since = element("since", HTMLElement);
  readonly #share = element("share", HTMLButtonElement);
  readonly #shareWord = element("share-word", HTMLElement);
  readonly #announcer = element("announcer", HTMLElement);
  readonly #quality: ChoiceGroup;
  readonly #sounds: ChoiceGroup;
  readonly #captionChoice: ChoiceGroup;
  readonly #menu: Panel;
  readonly #attention: Attention;
  #stageShown: Stage | null = null;
  #isSeeking = false;

  constructor(acts: WatchActs, can: { fullscreen: boolean; pictureInPicture: boolean }) {
    this.#quality = new ChoiceGroup(element("quality", HTMLFieldSetElement), (value) =>
      acts.chooseLevel(value === autoLevel ? null : Number(value)),
    );
    this.#sounds = new ChoiceGroup(element("sounds", HTMLFieldSetElement), (value) => acts.chooseSound(Number(value)));
    this.#captionChoice = new ChoiceGroup(element("captions-choice", HTMLFieldSetElement), (value) =>
      acts.chooseCaption(value === noCaption ? null : Number(value)),
    );
    const settings = element("settings", HTMLButtonElement);
    setLabel(settings, "Settings");
    this.#menu = new Panel(settings, element("menu", HTMLElement));
    this.#attention = new Attention(this.player, () => this.video.paused || this.#menu.isOpen);

    const onClick = (button: HTMLButtonElement, act: () => void) => button.addEventListener("click", act);
    onClick(this.#bigPlay, () => acts.togglePlay());
    onClick(this.#soundTap, () => acts.toggleMute());
    onClick(this.#play, () => acts.togglePlay());
    onClick(this.#mute, () => acts.toggleMute());
    onClick(this.#live, () => acts.goLive());
    onClick(this.#captions, () => acts.toggleCaptions());
    onClick(this.#pip, () => acts.togglePictureInPicture());
    onClick(this.#fullscreen, () => acts.toggleFullscreen());
    onClick(this.#share, () => acts.share());
    this.#volume.addEventListener("input", () => acts.setVolume(Number(this.#volume.value) / 100));
    this.#seek.addEventListener("pointerdown", () => (this.#isSeeking = true));
    for (const name of ["pointerup", "pointercancel"]) {
      this.#seek.addEventListener(name, () => (this.#isSeeking = false));
    }

    this.#seek.addEventListener("input", () => this.#fill(this.#seek));
    this.#seek.addEventListener("change", () => {
      this.#isSeeking = false;
      const behind = Number(this.#seek.value);
      if (behind >= -1) {
        acts.goLive();
      } else {
        acts.seekTo(this.#edge + behind);
      }
    });
    this.#detailsSwitch.addEventListener("change", () => show(this.#details, this.#detailsSwitch.checked));

    // A press on the picture: a mouse pauses, a finger brings up the controls.
    this.video.addEventListener("click", (event) => {
      const isTouch = event instanceof PointerEvent && event.pointerType === "touch";
      if (!isTouch && !this.#menu.isOpen) {
        acts.togglePlay();
      }
    });
    this.video.addEventListener("dblclick", () => acts.toggleFullscreen());
    show(this.#fullscreen, can.fullscreen);
    show(this.#pip, can.pictureInPicture);
    setLabel(this.#pip, "Picture in picture", "p");
    setLabel(this.#live, "Go to live", "l");
  }

  #edge = 0;

  /** Brings up the controls, as somebody uses the keyboard. */
  wake(): void {
    this.#attention.wake();
  }

  toggleDetails(): void {
    this.#detailsSwitch.checked = !this.#detailsSwitch.checked;
    show(this.#details, this.#detailsSwitch.checked);
  }

  /** Says something to a screen reader, politely. */
  announce(text: string): void {
    // The same words twice are only read again when the text was empty between.
    setText(this.#announcer, this.#announcer.textContent === text ? `${text}\u00a0` : text);
  }

  /** Shows for a moment what became of a share. */
  showShared(text: string): void {
    setText(this.#shareWord, text);
    this.announce(text);
    setTimeout(() => setText(this.#shareWord, "Share"), 2_000);
  }

  draw(picture: WatchPicture): void {
    this.#drawStage(picture);
    this.#drawControls(picture);
    this.#drawLive(picture);
    this.#drawMenu(picture);
    this.#drawAbout(picture);
    if (!this.#details.hidden) {
      this.#drawDetails(picture);
    }
  }

  #drawStage({ state, hasFrame, snapshot }: WatchPicture): void {
    const stage = stageOf(state);
    const words = stageWords[stage];
    const isBlocked = state.blocked === "playback";
    setAttribute(this.player, "data-stage", stage);
    setAttribute(this.player, "data-has-frame", hasFrame ? "" : null);
    setAttribute(this.player, "data-has-player", snapshot === null ? "no" : "yes");
    show(this.#stage, words !== null && !isBlocked);
    show(this.#bigPlay, isBlocked || (stage === "watching" && state.playback === "paused"));
    show(this.#soundTap, state.blocked === "sound");
    setAttribute(this.#stage, "data-look", stageLooks[stage] ?? "still");
    if (words !== null) {
      setText(this.#stageTitle, words.title);
      setText(this.#stageText, words.text);
    }

    if (stage !== this.#stageShown) {
      this.#stageShown = stage;
      const announcement = announcementOf(stage);
      if (announcement !== null) {
        this.announce(announcement);
      }
    }
  }

  #drawControls({ isPaused, isMuted, volume, isFullscreen }: WatchPicture): void {
    setAttribute(this.#play, "data-on", isPaused ? null : "");
    setLabel(this.#play, isPaused ? "Play" : "Pause", "k");
    const isSilent = isMuted || volume === 0;
    setAttribute(this.#mute, "data-on", isSilent ? "" : null);
    setLabel(this.#mute, isSilent ? "Turn sound on" : "Mute", "m");
    this.#volume.value = String(Math.round(isMuted ? 0 : volume * 100));
    setAttribute(this.#volume, "aria-valuetext", isSilent ? "muted" : `${Math.round(volume * 100)} percent`);
    this.#fill(this.#volume);
    setAttribute(this.#fullscreen, "data-on", isFullscreen ? "" : null);
    setLabel(this.#fullscreen, isFullscreen ? "Leave full screen" : "Full screen", "f");
  }

  #drawLive({ snapshot, state }: WatchPicture): void {
    const latency = snapshot?.latency ?? null;
    const isLive = state.status?.state === "live" || state.status?.state === "interrupted";
    const atEdge = latency !== null && isAtEdge(latency, snapshot?.targetLatency ?? 2);
    setAttribute(this.#live, "data-at-edge", atEdge && state.status?.state === "live" ? "" : null);
    setText(this.#liveWord, atEdge || latency === null ? "Live" : "Go to live");
    setText(this.#latency, latency === null || !isLive ? "" : `\u2212${latencyText(latency)}`);
    setLabel(
      this.#live,
      latency === null ? "Live" : atEdge ? `Live, ${latency.toFixed(1)} seconds behind` : `Go to live, now ${spokenDuration(latency)} behind`,
      "l",
    );

    const length = snapshot === null ? 0 : snapshot.edge - snapshot.start;
    show(this.#seekRow, snapshot !== null && length >= shortestWindow);
    if (snapshot === null) {
      return;
    }

    this.#edge = snapshot.edge;
    if (!this.#isSeeking) {
      const behind = snapshot.edge - snapshot.position;
      this.#seek.min = String(-Math.round(length));
      this.#seek.value = String(atEdge ? 0 : -behind);
      setAttribute(this.#seek, "aria-valuetext", atEdge ? "live" : `${spokenDuration(behind)} behind live`);
      this.#fill(this.#seek);
    }
  }

  #drawMenu({ choices, snapshot, family }: WatchPicture): void {
    const { levels, level, sounds, sound, captions, caption } = choices;
    const size = snapshot !== null && snapshot.height > 0 ? `${snapshot.width} \u00d7 ${snapshot.height}` : "";
    setText(this.#picture, snapshot !== null && snapshot.height > 0 ? levelText({ ...snapshot, frameRate: null }) : "");
    this.#quality.draw(
      levels.length < 2
        ? []
        : [
            { value: autoLevel, label: "Automatic" },
            ...levels
              .map((each) => ({
                value: String(each.id),
                label: levelText(each),
                ...(each.bitrateBps === null ? {} : { note: bitrateText(each.bitrateBps) }),
              }))
              .reverse(),
          ],
      level === null ? autoLevel : String(level),
    );
    this.#sounds.draw(
      sounds.map(({ id, label }) => ({ value: String(id), label })),
      String(sound),
    );
    this.#captionChoice.draw(
      captions.length === 0
        ? []
        : [{ value: noCaption, label: "Off" }, ...captions.map(({ id, label }) => ({ value: String(id), label }))],
      caption === null ? noCaption : String(caption),
    );
    const bitrate = snapshot?.bitrateBps ?? null;
    setText(
      this.#menuNote,
      levels.length >= 2 || size === "" ? "" : `Picture: ${size}${bitrate === null ? "" : `, ${bitrateText(bitrate)}`}`,
    );
    show(this.#captions, captions.length > 0);
    setAttribute(this.#captions, "aria-pressed", String(caption !== null));
    setLabel(this.#captions, caption === null ? "Turn captions on" : "Turn captions off", "c");
    setAttribute(this.player, "data-family", family);
  }

  #drawAbout({ state, now }: WatchPicture): void {
    const { status } = state;
    const badge = badgeOf(state);
    if (status !== null && state.refusal === null) {
      const name = status.name ?? "Livestream";
      setText(this.#title, name);
      if (document.title !== name) {
        document.title = name;
        if ("mediaSession" in navigator) {
          navigator.mediaSession.metadata = new MediaMetadata({ title: name });
        }
      }
    }

    show(this.#share, state.refusal === null);
    const words = { waiting: "Not started", live: "Live", interrupted: "Interrupted", ended: "Ended" };
    show(this.#badge, badge !== null);
    setAttribute(this.#badge, "data-state", badge ?? "none");
    setText(this.#badge, badge === null ? "" : words[badge]);
    const isOnAir = badge === "live" || badge === "interrupted";
    show(this.#viewers, isOnAir && (status?.viewers ?? 0) > 0);
    setText(this.#viewers, viewersText(status?.viewers ?? 0));
    const startedAt = status?.startedAt ?? null;
    show(this.#since, isOnAir && startedAt !== null);
    setText(this.#since, startedAt === null ? "" : `on air for ${durationText((now - startedAt.getTime()) / 1_000)}`);
  }

  #drawDetails({ snapshot, family }: WatchPicture): void {
    const seconds = (value: number | null) => (value === null ? "\u2013" : `${value.toFixed(2)} s`);
    const lines: [string, string][] =
      snapshot === null
        ? [["Player", "none"]]
        : [
            ["Behind live", seconds(snapshot.latency)],
            ["Aim", seconds(snapshot.targetLatency)],
            ["Buffer", seconds(snapshot.buffered)],
            ["Picture", snapshot.height > 0 ? `${snapshot.width} \u00d7 ${snapshot.height}` : "\u2013"],
            ["Bitrate", snapshot.bitrateBps === null ? "\u2013" : bitrateText(snapshot.bitrateBps)],
            ["Speed", `${this.video.playbackRate.toFixed(2)} \u00d7`],
            ["Frames dropped", `${snapshot.framesDropped} of ${snapshot.framesShown + snapshot.framesDropped}`],
            ["Player", family],
          ];
    while (this.#details.children.length > lines.length * 2) {
      this.#details.lastElementChild?.remove();
    }

    while (this.#details.children.length < lines.length * 2) {
      this.#details.append(document.createElement("dt"), document.createElement("dd"));
    }

    lines.flat().forEach((text, at) => {
      const cell = this.#details.children[at];
      if (cell !== undefined) {
        setText(cell, text);
      }
    });
  }

  #fill(slider: HTMLInputElement): void {
    const [min, max, value] = [Number(slider.min), Number(slider.max), Number(slider.value)];
    slider.style.setProperty("--filled", `${max > min ? (100 * (value - min)) / (max - min) : 100}%`);
  }
}
