/** One picture quality to choose from. */
export interface PlayerLevel {
  readonly id: number;
  readonly width: number;
  readonly height: number;
  readonly frameRate: number | null;
  readonly bitrateBps: number | null;
}

/** A sound track or captions to choose from. */
export interface PlayerTrack {
  readonly id: number;
  readonly label: string;
}

/** What can be chosen, and what is. */
export interface PlayerChoices {
  readonly levels: readonly PlayerLevel[];
  /** The chosen level, or null when the player chooses. */
  readonly level: number | null;
  readonly sounds: readonly PlayerTrack[];
  readonly sound: number | null;
  readonly captions: readonly PlayerTrack[];
  /** The captions shown, or null for none. */
  readonly caption: number | null;
}

export const noChoices: PlayerChoices = { levels: [], level: null, sounds: [], sound: null, captions: [], caption: null };

/** How playback stands at one moment. Times are seconds on the media element's own line. */
export interface PlayerSnapshot {
  readonly position: number;
  /** Earliest position that can be played. */
  readonly start: number;
  /** Where live is: the newest media, as far as is known. */
  readonly edge: number;
  /** How far the picture is behind the newest media; null while unknown. */
  readonly latency: number | null;
  /** The distance that the stream asks players to keep; null while unknown. */
  readonly targetLatency: number | null;
  /** Media ready to play, ahead of the position. */
  readonly buffered: number;
  readonly width: number;
  readonly height: number;
  readonly bitrateBps: number | null;
  readonly framesShown: number;
  readonly framesDropped: number;
}

export type PlayerEvent =
  | { kind: "choicesChanged"; choices: PlayerChoices }
  /** Media arrives: something that happens often, also in the background. */
  | { kind: "progressed" }
  /** The stream's end was played. */
  | { kind: "ended" }
  /** It cannot go on by itself: to be destroyed, and made anew when there is reason to hope. */
  | { kind: "failed"; reason: PlayerFailure; detail: string };

export type PlayerFailure = "network" | "media" | "unsupported";

/**
 * Plays one livestream in a video element: hls.js, the browser's own HLS, or a fake in tests. Play, pause, volume and the
 * like are done on the element itself.
 */
export interface Player {
  /** As viewers' owners see it: `hls.js` or `native`. */
  readonly family: string;
  snapshot(): PlayerSnapshot;
  goLive(): void;
  seekTo(position: number): void;
  /** Null lets the player choose. */
  chooseLevel(id: number | null): void;
  chooseSound(id: number): void;
  /** Null shows none. */
  chooseCaption(id: number | null): void;
  destroy(): void;
}

/** Makes a player that begins to load at once and reports to the listener. */
export type PlayerMaker = (video: HTMLVideoElement, url: string, listener: (event: PlayerEvent) => void) => Player;
