import type { Stage } from "./watchState";

/** What is said in place of the picture. */
export interface StageWords {
  readonly title: string;
  readonly text: string;
  /** Whether something is going on that the viewer waits for. */
  readonly busy: boolean;
}

/** The words of every stage; null where the picture speaks. */
export const stageWords: Record<Stage, StageWords | null> = {
  connecting: { title: "Connecting", text: "", busy: true },
  waiting: {
    title: "The stream has not started yet",
    text: "Stay on this page: it begins to play by itself.",
    busy: true,
  },
  starting: { title: "Starting", text: "", busy: true },
  watching: null,
  buffering: { title: "Buffering", text: "", busy: true },
  interrupted: {
    title: "The stream is interrupted",
    text: "Waiting for it to come back. It goes on by itself.",
    busy: true,
  },
  ended: { title: "The stream has ended", text: "Thank you for watching. If it begins again, it plays here.", busy: false },
  notFound: { title: "There is no such livestream", text: "Check the address, or ask whoever shared it with you.", busy: false },
  notAllowed: {
    title: "This address is not valid any more",
    text: "The livestream needs a signed address. Ask whoever shared it with you for a new one.",
    busy: false,
  },
  unreachable: { title: "The server cannot be reached", text: "Check your connection. The page keeps trying.", busy: true },
  faulty: {
    title: "This stream cannot be played here",
    text: "The browser cannot decode it, or it arrives damaged. The page keeps trying; another browser may do better.",
    busy: false,
  },
};

/** What a screen reader is told when the stage changes; null to say nothing. */
export function announcementOf(stage: Stage): string | null {
  switch (stage) {
    case "connecting":
    case "starting":
    case "buffering":
      return null;
    case "watching":
      return "The stream is playing.";
    default: {
      const words = stageWords[stage];
      return words === null ? null : `${words.title}. ${words.text}`.trim();
    }
  }
}

/** Seconds behind live, as short as they may be. */
export function latencyText(seconds: number): string {
  return seconds < 9.95 ? `${seconds.toFixed(1)} s` : seconds < 59.5 ? `${Math.round(seconds)} s` : durationText(seconds);
}

/** 75 becomes 1:15, and 3,700 becomes 1:01:40. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => value.toString().padStart(2, "0");
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3_600);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** The same for a screen reader. */
export function spokenDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const minutes = Math.floor(whole / 60);
  const part = (count: number, unit: string) => `${count} ${unit}${count === 1 ? "" : "s"}`;
  return minutes > 0 ? `${part(minutes, "minute")} ${part(whole % 60, "second")}` : part(whole, "second");
}

export function viewersText(count: number): string {
  return count === 1 ? "1 viewer" : `${count.toLocaleString("en")} viewers`;
}

export function bitrateText(bitsPerSecond: number): string {
  return bitsPerSecond >= 1_000_000
    ? `${(bitsPerSecond / 1_000_000).toFixed(1)} Mbit/s`
    : `${Math.round(bitsPerSecond / 1_000)} kbit/s`;
}

/** A picture quality in the menu: 720p, 1080p60, or the bitrate when the playlist names no size. */
export function levelText(level: { width: number; height: number; frameRate: number | null; bitrateBps: number | null }): string {
  if (level.height === 0) {
    return level.bitrateBps === null ? "Original" : bitrateText(level.bitrateBps);
  }

  // A picture that stands upright is named by its shorter side, as cameras do.
  const lines = Math.min(level.height, level.width || level.height);
  return `${lines}p${level.frameRate !== null && level.frameRate > 32 ? Math.round(level.frameRate) : ""}`;
}
