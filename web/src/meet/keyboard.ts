/** What a key does in a meeting. */
export type KeyAct = "toggleMic" | "toggleCamera" | "toggleScreen" | "openChat" | "openPeople" | "openPolls" | "toggleFullscreen" | "closePanel";

export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
  /** Whether something that takes letters has the focus. */
  readonly isTyping: boolean;
  /** Whether the key is held down and only repeats itself. */
  readonly isRepeated: boolean;
}

/** What a key press means; null when it is the browser's. */
export function keyAct({ key, ctrlKey, altKey, metaKey, isTyping, isRepeated }: KeyPress): KeyAct | null {
  // A key that is held down would turn a microphone off and on thirty times a second.
  if (ctrlKey || altKey || metaKey || isRepeated) {
    return null;
  }

  if (key === "Escape") {
    return "closePanel";
  }

  if (isTyping) {
    return null;
  }

  switch (key.toLowerCase()) {
    case "m":
      return "toggleMic";
    case "v":
      return "toggleCamera";
    case "s":
      return "toggleScreen";
    case "c":
      return "openChat";
    case "p":
      return "openPeople";
    case "o":
      return "openPolls";
    case "f":
      return "toggleFullscreen";
    default:
      return null;
  }
}
