import "./watch.css";
import { playlistPath, readWatchPath } from "../client/address";
import { browserClock } from "../client/clock";
import { HttpLivestreamClient } from "../client/livestream";
import type { Player, PlayerEvent } from "../player/player";
import { LazyPlayer } from "../player/lazyPlayer";
import { keyAct } from "./keyboard";
import { VideoElement } from "./videoElement";
import { WatchSession } from "./watchSession";
import { WatchView } from "./watchView";

const drawEveryMs = 250;

const address = readWatchPath(location.pathname);
if (address === null) {
  throw new Error("This script belongs to a watch page.");
}

const client = new HttpLivestreamClient(address, fetch.bind(window), (url, body) => navigator.sendBeacon(url, body));
const playlistUrl = new URL(playlistPath(address), location.href).href;

const view = new WatchView(
  {
    togglePlay: () => element.togglePlay(),
    toggleMute: () => element.toggleMute(),
    setVolume: (share) => element.setVolume(share),
    goLive,
    seekTo: (position) => session.player?.seekTo(position),
    chooseLevel: (id) => session.player?.chooseLevel(id),
    chooseSound: (id) => session.player?.chooseSound(id),
    chooseCaption: (id) => session.player?.chooseCaption(id),
    toggleCaptions,
    toggleFullscreen: () => void element.toggleFullscreen(),
    togglePictureInPicture: () => void element.togglePictureInPicture(),
    share: () => void share(),
  },
  VideoElement.abilities(),
);

const element = new VideoElement(view.video, view.player, (input) => session.apply(input), draw);

const session: WatchSession = new WatchSession({
  client,
  clock: browserClock,
  random: Math.random,
  makePlayer: (listener: (event: PlayerEvent) => void): Player => {
    element.reset();
    return new LazyPlayer(view.video, playlistUrl, listener, () => void element.play());
  },
  changed: draw,
});

function draw(): void {
  view.draw({
    state: session.state,
    snapshot: session.player?.snapshot() ?? null,
    choices: session.choices,
    family: session.player?.family ?? "",
    isPaused: view.video.paused,
    isMuted: view.video.muted,
    volume: view.video.volume,
    isFullscreen: element.isFullscreen,
    hasFrame: element.hasFrame,
    now: Date.now(),
  });
}

function goLive(): void {
  session.player?.goLive();
  void element.play();
}

let lastCaption = 0;

function toggleCaptions(): void {
  const { captions, caption } = session.choices;
  if (captions.length === 0) {
    return;
  }

  lastCaption = caption ?? lastCaption;
  session.player?.chooseCaption(caption === null ? (captions[lastCaption]?.id ?? 0) : null);
  view.announce(caption === null ? "Captions on" : "Captions off");
}

async function share(): Promise<void> {
  const link = { title: document.title, url: location.href };
  try {
    if (navigator.share !== undefined && matchMedia("(pointer: coarse)").matches) {
      await navigator.share(link);
    } else {
      await navigator.clipboard.writeText(link.url);
      view.showShared("Link copied");
    }
  } catch (error) {
    // Closing the system's sheet is no fault; without a clipboard (no TLS) the address bar still has the link.
    if (!(error instanceof DOMException && error.name === "AbortError")) {
      view.showShared("Copy the address above");
    }
  }
}

function focusKind(target: EventTarget | null): "page" | "button" | "slider" | "text" {
  if (target instanceof HTMLInputElement) {
    return target.type === "range" ? "slider" : target.type === "radio" || target.type === "checkbox" ? "slider" : "text";
  }

  return target instanceof HTMLButtonElement || target instanceof HTMLAnchorElement ? "button" : "page";
}

document.addEventListener("keydown", (event) => {
  const { key, ctrlKey, altKey, metaKey } = event;
  const act = keyAct({ key, ctrlKey, altKey, metaKey, on: focusKind(event.target) });
  if (act === null) {
    return;
  }

  event.preventDefault();
  view.wake();
  switch (act.kind) {
    case "togglePlay":
      element.togglePlay();
      break;
    case "toggleMute":
      element.toggleMute();
      view.announce(view.video.muted ? "Muted" : "Sound on");
      break;
    case "toggleFullscreen":
      void element.toggleFullscreen();
      break;
    case "togglePictureInPicture":
      void element.togglePictureInPicture();
      break;
    case "toggleCaptions":
      toggleCaptions();
      break;
    case "toggleDetails":
      view.toggleDetails();
      break;
    case "goLive":
      goLive();
      break;
    case "seekBy":
      seekBy(act.seconds);
      break;
    case "volumeBy":
      element.setVolume(view.video.volume + act.share);
      break;
  }

  draw();
});

function seekBy(seconds: number): void {
  const now = session.player?.snapshot();
  if (now === undefined) {
    return;
  }

  const position = now.position + seconds;
  const live = now.edge - (now.targetLatency ?? 0);
  if (position >= live) {
    session.player?.goLive();
  } else {
    session.player?.seekTo(Math.max(now.start + 0.5, position));
  }
}

addEventListener("online", () => session.askNow());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") {
    session.askNow();
  }
});
addEventListener("pagehide", () => session.leave());
addEventListener("pageshow", (event) => {
  if (event.persisted) {
    session.comeBack();
  }
});

setInterval(draw, drawEveryMs);
session.start();
draw();
