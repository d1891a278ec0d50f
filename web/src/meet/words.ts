import type { ChatMessage, DeviceFault, EntryFault, MeetingNote, OnAir, OnAirState, StagePlace, StageStatus } from "../meeting/meeting";
import type { MeetState, Place } from "./meetState";

/** What is said where there is no meeting to see. */
export interface PlateWords {
  readonly title: string;
  readonly text: string;
  /** Whether something is going on that one waits for. */
  readonly isBusy: boolean;
  /** What the button does; null for none. */
  readonly act: { readonly kind: "again" | "giveUp"; readonly label: string } | null;
}

const again = { kind: "again", label: "Join again" } as const;

const plates: Record<Exclude<Place, "setup" | "joining" | "inside" | "shut">, PlateWords> = {
  noToken: {
    title: "This link is not complete",
    text: "It does not say who you are. Ask whoever invited you for the whole link.",
    isBusy: false,
    act: null,
  },
  insecure: {
    title: "Meetings need a secure page",
    text: "This page was opened over http. Browsers give camera and microphone, and the way to the meeting, to pages over https only.",
    isBusy: false,
    act: null,
  },
  noNames: {
    title: "Meetings need a host name",
    text: "The meeting is reached at the names api.\u2026 and socket-edge.\u2026, and there are no names below an IP address. Open this page by a host name.",
    isBusy: false,
    act: null,
  },
  opening: { title: "Opening the meeting", text: "", isBusy: true, act: null },
  waiting: {
    title: "You will be let in soon",
    text: "The host has been told that you are here. Stay on this page: the meeting opens by itself.",
    isBusy: true,
    act: { kind: "giveUp", label: "Do not wait" },
  },
  left: { title: "You have left the meeting", text: "", isBusy: false, act: again },
  kicked: { title: "You were removed from the meeting", text: "The host has asked you to leave.", isBusy: false, act: null },
  rejected: { title: "You were not let in", text: "The host did not accept your request to join.", isBusy: false, act: null },
  ended: { title: "The meeting has ended", text: "The host has ended it for everybody.", isBusy: false, act: null },
  failed: {
    title: "The connection was lost",
    text: "The server could not be reached for a long time. Check your connection.",
    isBusy: false,
    act: again,
  },
};

/** The words for where one stands; null where the page itself speaks. */
export function plateWords({ place, fault }: MeetState): PlateWords | null {
  switch (place) {
    case "setup":
    case "joining":
    case "inside":
      return null;
    case "shut":
      return fault === "refused"
        ? {
            title: "This link is not valid any more",
            text: "It may have expired or been replaced. Ask whoever invited you for a new one.",
            isBusy: false,
            act: null,
          }
        : {
            title: "The meeting cannot be reached",
            text: "Check your connection. If the server has a certificate of its own, your browser must trust it for these two names as well: open both once.",
            isBusy: false,
            act: { kind: "again", label: "Try again" },
          };
    default:
      return plates[place];
  }
}

export const entryFaultWords: Record<EntryFault, string> = {
  refused: "This link is not valid any more. Ask for a new one.",
  unreachable: "The meeting cannot be reached. Check your connection and try again.",
  noMedia: "Sound and picture cannot get through. A firewall may be in the way: ask for UDP and TCP to the server's meeting port.",
  other: "You could not be let in. Try again.",
};

export function deviceFaultWords(what: "microphone" | "camera", fault: DeviceFault): string | null {
  switch (fault) {
    case "denied":
      return `The browser does not allow the ${what}. Allow it beside the address, then turn it on.`;
    case "missing":
      return `No ${what} was found.`;
    case "busy":
      return `The ${what} could not be started. Another program may be using it.`;
    default:
      return null;
  }
}

/** What a note says. */
export function noteWords(note: MeetingNote): string {
  switch (note.kind) {
    case "came":
      return `${note.name} has joined`;
    case "went":
      return `${note.name} has left`;
    case "wrote":
      return `${note.message.name}: ${messageWords(note.message)}`;
    case "asked":
      return note.what === "entry" ? `${note.name} is waiting to come in` : `${note.name} wants to come on stage`;
    case "pollOpened":
      return `New poll: ${note.poll.question}`;
    case "mutedByHost":
      return "The host has muted you";
    case "cameraStoppedByHost":
      return "The host has turned your camera off";
    case "stageGranted":
      return "You may come on stage now";
    case "wentLive":
      return "The meeting is live: viewers see and hear it";
    case "liveEnded":
      return "The meeting is not live any more";
    case "recordingStarted":
      return "The meeting is being recorded";
    case "recordingPaused":
      return "The recording is paused";
    case "recordingEnded":
      return "The meeting is not recorded any more";
    default:
      return "You were not let onto the stage this time";
  }
}

export function messageWords({ content }: ChatMessage): string {
  return content.kind === "text" ? content.text : content.kind === "image" ? "sent a picture" : `sent ${content.name}`;
}

/** What is said of a device of one's own that has been turned on or off. */
export function switchWords(device: "mic" | "camera", isOn: boolean): string {
  return `${device === "mic" ? "Microphone" : "Camera"} ${isOn ? "on" : "off"}`;
}

/** What is said when that was not possible. */
export function switchFailureWords(device: "mic" | "camera", isOn: boolean): string {
  return `The ${device === "mic" ? "microphone" : "camera"} could not be turned ${isOn ? "on" : "off"}.`;
}

/** What the stage button does; null when there is nothing it could. */
export function stageAct(stage: StagePlace, status: StageStatus): { act: "ask" | "cancel" | "join" | "leave"; label: string } | null {
  if (!stage.isInForce) {
    return null;
  }

  switch (status) {
    case "on":
      return { act: "leave", label: "Leave stage" };
    case "accepted":
      return { act: "join", label: "Join stage" };
    case "requested":
      return { act: "cancel", label: "Asked, cancel" };
    default:
      return stage.access === "denied" ? null : { act: "ask", label: stage.access === "allowed" ? "Join stage" : "Ask for stage" };
  }
}

/** What the meeting's head says of going live; null for nothing. */
export function liveBadge({ live }: OnAir): string | null {
  switch (live) {
    case "on":
      return "Live";
    case "starting":
      return "Going live";
    case "waiting":
      return "Live: waiting for the encoder";
    default:
      return null;
  }
}

/** What it says of the recording; null for nothing. */
export function recordingBadge({ recording }: OnAir): string | null {
  return recording === "on" ? "Recording" : recording === "paused" ? "Recording paused" : null;
}

/** What the button for a livestream or a recording does next; null while one waits for what was asked. */
export function onAirAct(state: OnAirState): "start" | "stop" | null {
  return state === "off" ? "start" : state === "starting" || state === "stopping" ? null : "stop";
}

/** 75 becomes 1:15, and 3,700 becomes 1:01:40. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number) => value.toString().padStart(2, "0");
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3_600);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

export function sizeText(bytes: number): string {
  return bytes >= 1_000_000
    ? `${(bytes / 1_000_000).toFixed(1)} MB`
    : bytes >= 1_000
      ? `${Math.round(bytes / 1_000)} kB`
      : `${bytes} bytes`;
}

export function peopleText(count: number): string {
  return count === 1 ? "1 person" : `${count.toLocaleString("en")} people`;
}

/** Up to two letters that stand for a name. */
export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/).filter((word) => word !== "");
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => (word === undefined ? "" : ([...word][0] ?? "")));
  return letters.join("").toLocaleUpperCase() || "?";
}

/** A hue that is always the same for one id, in degrees. */
export function hueOf(id: string): number {
  let hash = 0;
  for (const character of id) {
    hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  }

  return (hash * 137) % 360;
}
