/** What a key does in a meeting. */
export type KeyAct = "toggleMic" | "toggleCamera" | "toggleScreen" | "openChat" | "openPeople" | "openPolls" | "toggleFullscreen" | "closePanel";

export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
  /** Whether something that takes letters has the focus. */
  readonly isTyping: boolean;
}

/** What a key press means; null when it is the browser's. */
export function keyAct({ key, ctrlKey, altKey, metaKey, isTyping }: KeyPress): KeyAct | null {
  if (ctrlKey || altKey || metaKey) {
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
