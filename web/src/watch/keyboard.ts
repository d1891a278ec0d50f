/** What a key does on the watch page. */
export type KeyAct =
  | { kind: "togglePlay" }
  | { kind: "toggleMute" }
  | { kind: "toggleFullscreen" }
  | { kind: "togglePictureInPicture" }
  | { kind: "toggleCaptions" }
  | { kind: "toggleDetails" }
  | { kind: "goLive" }
  | { kind: "seekBy"; seconds: number }
  | { kind: "volumeBy"; share: number };

export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
  /** What has the focus: a slider and a button have uses of their own for some keys. */
  readonly on: "page" | "button" | "slider" | "text";
}

const seekSeconds = 5;
const volumeShare = 0.05;

/** What a key press means; null when it is the browser's. */
export function keyAct({ key, ctrlKey, altKey, metaKey, on }: KeyPress): KeyAct | null {
  if (ctrlKey || altKey || metaKey || on === "text") {
    return null;
  }

  switch (key) {
    case " ":
    case "Enter":
      return on === "page" && key === " " ? { kind: "togglePlay" } : null;
    case "ArrowLeft":
    case "ArrowRight":
      return on === "slider" ? null : { kind: "seekBy", seconds: key === "ArrowLeft" ? -seekSeconds : seekSeconds };
    case "ArrowUp":
    case "ArrowDown":
      return on === "slider" ? null : { kind: "volumeBy", share: key === "ArrowUp" ? volumeShare : -volumeShare };
    default:
      break;
  }

  switch (key.toLowerCase()) {
    case "k":
      return { kind: "togglePlay" };
    case "m":
      return { kind: "toggleMute" };
    case "f":
      return { kind: "toggleFullscreen" };
    case "p":
      return { kind: "togglePictureInPicture" };
    case "c":
      return { kind: "toggleCaptions" };
    case "i":
      return { kind: "toggleDetails" };
    case "l":
      return { kind: "goLive" };
    default:
      return null;
  }
}
