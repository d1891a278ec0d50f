import { type Device, type DeviceKind, type MeetingSnapshot, mayPublish } from "../meeting/meeting";
import { element, setAttribute, setLabel, setText, show } from "../ui/elements";
import { type DeviceChoices, DeviceFields } from "./deviceFields";
import type { MeetState } from "./meetState";
import { deviceFaultWords, entryFaultWords } from "./words";

export interface SetupActs {
  toggleMic(): void;
  toggleCamera(): void;
  chooseDevice(device: Device): void;
  join(name: string): void;
  attachPreview(video: HTMLVideoElement): void;
}

/** Who comes to watch has nothing to choose for sending; on stage that can be chosen in the meeting. */
const withoutPublishing: ReadonlySet<DeviceKind> = new Set(["mic", "camera"]);

/** Before the meeting: a look at oneself, the devices and the name. */
export class SetupView {
  readonly #video = element("preview", HTMLVideoElement);
  readonly #word = element("preview-word", HTMLElement);
  readonly #mic = element("setup-mic", HTMLButtonElement);
  readonly #camera = element("setup-camera", HTMLButtonElement);
  readonly #level = element("setup-level", HTMLElement);
  readonly #title = element("setup-title", HTMLElement);
  readonly #name = element("setup-name", HTMLInputElement);
  readonly #fault = element("setup-fault", HTMLElement);
  readonly #join = element("setup-join", HTMLButtonElement);
  readonly #devices: DeviceFields;
  readonly #acts: SetupActs;
  #isFilled = false;

  constructor(acts: SetupActs) {
    this.#acts = acts;
    this.#devices = new DeviceFields("setup-", (device) => acts.chooseDevice(device));
    this.#mic.addEventListener("click", () => acts.toggleMic());
    this.#camera.addEventListener("click", () => acts.toggleCamera());
    element("setup-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      acts.join(this.#name.value.trim());
    });
  }

  draw({ place, fault }: MeetState, snapshot: MeetingSnapshot, devices: DeviceChoices, micLevel: number): void {
    const { self, rights, title, micFault, cameraFault } = snapshot;
    if (!this.#isFilled) {
      this.#isFilled = true;
      this.#name.value = self.name;
      this.#acts.attachPreview(this.#video);
    }

    setText(this.#title, title || "Meeting");
    this.#name.readOnly = !rights.rename;
    const isViewer = !mayPublish(snapshot);
    drawToggle(this.#mic, self.hasMic, rights.mic && !isViewer, "microphone");
    drawToggle(this.#camera, self.hasCamera, rights.camera && !isViewer, "camera");
    show(this.#video, self.hasCamera);
    show(this.#word, !self.hasCamera);
    setText(this.#word, isViewer || !rights.camera ? "You come to watch, without a camera" : (deviceFaultWords("camera", cameraFault) ?? "Your camera is off"));
    show(this.#level, self.hasMic);
    const percent = Math.round(micLevel * 100);
    this.#level.style.setProperty("--level", String(micLevel));
    setAttribute(this.#level, "aria-valuenow", String(Math.round(percent / 10) * 10));
    this.#devices.draw(isViewer ? { ...devices, without: withoutPublishing } : devices);
    const words = fault !== null ? entryFaultWords[fault] : rights.mic ? deviceFaultWords("microphone", micFault) : null;
    show(this.#fault, words !== null);
    setText(this.#fault, words ?? "");
    const isJoining = place === "joining";
    this.#join.disabled = isJoining;
    setText(this.#join, isJoining ? "Joining\u2026" : "Join");
  }
}

/** Draws a button that turns a device on and off. */
export function drawToggle(button: HTMLButtonElement, isOn: boolean, isAllowed: boolean, what: string, key?: string): void {
  show(button, isAllowed);
  setAttribute(button, "data-on", isOn ? "" : null);
  setAttribute(button, "aria-pressed", String(isOn));
  setLabel(button, isOn ? `Turn ${what} off` : `Turn ${what} on`, key);
}
