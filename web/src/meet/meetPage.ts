import { EntryError, type Device, type DeviceKind, type Meeting, type MeetingEvent, type MeetingNote, type MeetingOpener, mayPublish } from "../meeting/meeting";
import { Sound } from "../meeting/sound";
import type { DeviceChoices } from "./deviceFields";
import { type KeyAct, keyAct } from "./keyboard";
import { type MeetInput, type MeetState, isOut, update } from "./meetState";
import { type MeetActs, MeetView, type PlateLinks } from "./meetView";
import { ask } from "./question";
import { messageWords, noteWords, switchFailureWords, switchWords } from "./words";

const drawEveryMs = 250;
const noDevices: DeviceChoices = { devices: [], current: { mic: null, camera: null, speaker: null }, without: new Set() };

/** The page as it runs: opens the meeting, hands on what the person does, and draws what comes of it. */
export class MeetPage {
  readonly #open: MeetingOpener;
  readonly #view: MeetView;
  readonly #sound: Sound;
  #state: MeetState;
  #meeting: Meeting | null = null;
  #devices: readonly Device[] = [];
  #speaker: string | null = null;
  #isSoundBlocked = false;
  #isDrawing = false;

  constructor(state: MeetState, open: MeetingOpener, links: PlateLinks) {
    this.#state = state;
    this.#open = open;
    this.#sound = new Sound((isBlocked) => {
      this.#isSoundBlocked = isBlocked;
      this.#draw();
    });
    this.#view = new MeetView(this.#acts(), links);
  }

  start(): void {
    setInterval(() => this.#draw(), drawEveryMs);
    document.addEventListener("keydown", (event) => this.#heedKey(event));
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.#listDevices());
    // Others see at once that one has gone, not only when a heartbeat is missed.
    addEventListener("pagehide", () => {
      if (this.#state.place === "inside" || this.#state.place === "waiting") {
        void this.#meeting?.leave();
      }
    });
    this.#draw();
    if (this.#state.place === "opening") {
      void this.#openMeeting();
    }
  }

  async #openMeeting(): Promise<void> {
    try {
      this.#meeting = await this.#open((event) => this.#heed(event));
      this.#apply({ kind: "opened" });
    } catch (error) {
      this.#apply({ kind: "openFailed", fault: error instanceof EntryError ? error.fault : "other" });
      return;
    }

    const snapshot = this.#meeting.snapshot();
    const { rights } = snapshot;
    if (mayPublish(snapshot)) {
      if (rights.camera) {
        await this.#meeting.setCamera(true).catch(() => undefined);
      }

      if (rights.mic) {
        await this.#meeting.setMic(true).catch(() => undefined);
      }
    }

    await this.#listDevices();
  }

  #heed(event: MeetingEvent): void {
    switch (event.kind) {
      case "changed":
        this.#draw();
        break;
      case "joined":
        this.#apply({ kind: "joined" });
        break;
      case "waiting":
        this.#apply({ kind: "waitlisted" });
        break;
      case "out":
        this.#sound.close();
        this.#apply({ kind: "out", reason: event.reason });
        break;
      default:
        this.#tell(event.note);
        this.#draw();
    }
  }

  #tell(note: MeetingNote): void {
    const words = noteWords(note);
    switch (note.kind) {
      case "wrote": {
        this.#view.count("message");
        if (this.#view.pane !== "chat") {
          // While the chat is open, its own log is read out.
          this.#view.announce(`Message from ${note.message.name}: ${messageWords(note.message)}`);
          this.#view.toasts.show(words, { label: "Show", act: () => this.#view.openPane("chat") });
        }

        return;
      }
      case "pollOpened":
        this.#view.count("poll");
        if (this.#view.pane !== "polls") {
          this.#view.toasts.show(words, { label: "Vote", act: () => this.#view.openPane("polls") });
        }

        break;
      case "asked":
        this.#view.toasts.show(words, { label: "Answer", act: () => this.#view.openPane("people") });
        break;
      default:
        this.#view.toasts.show(words);
    }

    this.#view.announce(words);
  }

  #apply(input: MeetInput): void {
    this.#state = update(this.#state, input);
    this.#draw();
  }

  #draw(): void {
    // What is drawn may cause events of its own.
    if (this.#isDrawing) {
      return;
    }

    this.#isDrawing = true;
    try {
      const snapshot = this.#meeting?.snapshot() ?? null;
      if (snapshot !== null) {
        this.#state = update(this.#state, { kind: "connectionChanged", connection: snapshot.connection });
      }

      const isInside = this.#state.place === "inside";
      const sounds = isInside ? (this.#meeting?.sounds() ?? new Map<string, MediaStreamTrack>()) : new Map<string, MediaStreamTrack>();
      this.#sound.draw(sounds);
      this.#view.draw({
        state: this.#state,
        snapshot,
        devices: this.#deviceChoices(),
        levels: this.#levels(sounds, snapshot?.self.id ?? ""),
        isSoundBlocked: this.#isSoundBlocked,
        now: Date.now(),
      });
    } finally {
      this.#isDrawing = false;
    }
  }

  #levels(sounds: ReadonlyMap<string, MediaStreamTrack>, selfId: string): ReadonlyMap<string, number> {
    const mic = this.#meeting?.micTrack() ?? null;
    const isShown = this.#state.place === "setup" || this.#state.place === "joining" || this.#state.place === "inside";
    if (!isShown || isOut(this.#state.place)) {
      return new Map();
    }

    return this.#sound.levels(new Map([...sounds, ...(mic === null ? [] : [[selfId, mic] as const])]));
  }

  #deviceChoices(): DeviceChoices {
    const meeting = this.#meeting;
    if (meeting === null) {
      return noDevices;
    }

    const { rights } = meeting.snapshot();
    const without = new Set<DeviceKind>([...(rights.mic ? [] : ["mic" as const]), ...(rights.camera ? [] : ["camera" as const])]);
    return {
      devices: this.#devices,
      current: {
        mic: meeting.currentDevice("mic"),
        camera: meeting.currentDevice("camera"),
        speaker: this.#speaker ?? meeting.currentDevice("speaker"),
      },
      without,
    };
  }

  async #listDevices(): Promise<void> {
    this.#devices = (await this.#meeting?.devices().catch(() => [])) ?? [];
    this.#draw();
  }

  /** Runs something that may fail, and says so when it does. */
  async #try(act: (meeting: Meeting) => Promise<void>, failure: string): Promise<boolean> {
    if (this.#meeting === null) {
      return false;
    }

    try {
      await act(this.#meeting);
      return true;
    } catch {
      this.#view.toasts.show(failure, null, true);
      this.#view.announce(failure);
      return false;
    } finally {
      this.#draw();
    }
  }

  #acts(): MeetActs {
    const run = (act: (meeting: Meeting) => Promise<void>, failure: string) => void this.#try(act, failure);
    const refused = "That was not possible. You may not be allowed to.";
    return {
      toggleMic: () => void this.#toggleMic(),
      toggleCamera: () => void this.#toggleCamera(),
      toggleScreen: () => void this.#toggleScreen(),
      chooseDevice: (device) => {
        if (device.kind === "speaker") {
          this.#speaker = device.id;
          this.#sound.chooseSpeaker(device.id);
        }

        run((meeting) => meeting.chooseDevice(device), `${device.label} could not be used.`);
      },
      attachPreview: (video) => this.#meeting?.attachCamera(this.#meeting.snapshot().self.id, video),
      attachCamera: (personId, video) => this.#meeting?.attachCamera(personId, video),
      detachCamera: (personId, video) => this.#meeting?.detachCamera(personId, video),
      join: (name) => void this.#join(name),
      leave: () => void this.#leave(),
      again: () => this.#again(),
      giveUp: () => void this.#meeting?.leave(),
      resumeSound: () => this.#sound.resume(),
      actOnStage: (act) => run((meeting) => actOnStage(meeting, act), "The stage could not be reached."),
      sendText: (text, to) => this.#try((meeting) => meeting.sendText(text, to), "The message was not sent."),
      sendFile: (file, to) => this.#try((meeting) => meeting.sendFile(file, to), `${file.name} was not sent. It may be too large.`),
      editText: (id, text) => this.#try((meeting) => meeting.editText(id, text), "The message was not changed."),
      deleteMessage: (id) => run((meeting) => meeting.deleteMessage(id), "The message was not deleted."),
      pinMessage: (id, isPinned) => run((meeting) => meeting.pinMessage(id, isPinned), "The message was not pinned."),
      createPoll: (question, options, isAnonymous, hidesVotes) =>
        this.#try((meeting) => meeting.createPoll(question, options, isAnonymous, hidesVotes), "The poll was not started."),
      vote: (id, option) => run((meeting) => meeting.vote(id, option), "Your vote was not counted."),
      mute: (id) => run((meeting) => meeting.mute(id), refused),
      muteAll: () => run((meeting) => meeting.muteAll(), refused),
      stopCamera: (id) => run((meeting) => meeting.stopCamera(id), refused),
      pin: (id) => run((meeting) => meeting.pin(id), refused),
      kick: ({ id, name }) => void this.#kick(id, name),
      admit: (userIds) => run((meeting) => meeting.admit(userIds), refused),
      reject: (userId) => run((meeting) => meeting.reject(userId), refused),
      grantStage: (userId) => run((meeting) => meeting.grantStage(userId), refused),
      denyStage: (userId) => run((meeting) => meeting.denyStage(userId), refused),
      sendOffStage: (userId) => run((meeting) => meeting.sendOffStage(userId), refused),
      goLive: () => run((meeting) => meeting.goLive(), "The meeting could not go live."),
      endLive: () => run((meeting) => meeting.endLive(), "The livestream could not be stopped."),
      record: () => run((meeting) => meeting.record(), "The recording could not be started."),
      pauseRecording: () => run((meeting) => meeting.pauseRecording(), "The recording could not be paused."),
      stopRecording: () => run((meeting) => meeting.stopRecording(), "The recording could not be stopped."),
      copyWatchUrl: (url) => void this.#copy(url),
      changed: () => this.#draw(),
    };
  }

  async #copy(url: string): Promise<void> {
    const isCopied = await this.#try(() => navigator.clipboard.writeText(url), `The browser did not copy it: ${url}`);
    if (isCopied) {
      this.#view.toasts.show("The link for viewers is copied");
      this.#view.announce("The link for viewers is copied");
    }
  }

  async #toggleMic(): Promise<void> {
    const isOn = this.#meeting?.snapshot().self.hasMic ?? false;
    if (await this.#try((meeting) => meeting.setMic(!isOn), switchFailureWords("mic", !isOn))) {
      this.#view.announce(switchWords("mic", this.#meeting?.snapshot().self.hasMic ?? false));
    }

    await this.#listDevices();
  }

  async #toggleCamera(): Promise<void> {
    const isOn = this.#meeting?.snapshot().self.hasCamera ?? false;
    if (await this.#try((meeting) => meeting.setCamera(!isOn), switchFailureWords("camera", !isOn))) {
      this.#view.announce(switchWords("camera", this.#meeting?.snapshot().self.hasCamera ?? false));
    }

    await this.#listDevices();
  }

  async #toggleScreen(): Promise<void> {
    const isOn = (this.#meeting?.snapshot().self.screen ?? null) !== null;
    await this.#try((meeting) => meeting.setScreen(!isOn), "The screen could not be shared.");
  }

  async #join(name: string): Promise<void> {
    const meeting = this.#meeting;
    if (meeting === null || this.#state.place !== "setup") {
      return;
    }

    this.#apply({ kind: "joinAsked" });
    try {
      await meeting.join(name);
    } catch (error) {
      this.#apply({ kind: "joinFailed", fault: error instanceof EntryError ? error.fault : "other" });
    }
  }

  async #leave(): Promise<void> {
    const snapshot = this.#meeting?.snapshot();
    if (snapshot?.rights.kicks === true && snapshot.others.length > 0) {
      const answer = await ask("Leave the meeting?", "The others can go on without you, or you end it for everybody.", [
        { value: "end", label: "End for all", look: "danger" },
        { value: "leave", label: "Leave", look: "primary" },
      ]);
      if (answer === null) {
        return;
      }

      if (answer === "end") {
        await this.#try((meeting) => meeting.endForAll(), "The meeting could not be ended.");
      }
    }

    await this.#try((meeting) => meeting.leave(), "");
  }

  async #kick(personId: string, name: string): Promise<void> {
    const answer = await ask(`Remove ${name}?`, `${name} leaves the meeting at once.`, [{ value: "kick", label: "Remove", look: "danger" }]);
    if (answer !== null) {
      await this.#try((meeting) => meeting.kick(personId), `${name} could not be removed.`);
    }
  }

  #again(): void {
    if (this.#state.place === "shut") {
      this.#apply({ kind: "retried" });
      void this.#openMeeting();
    } else {
      // A client that has left is used up: a new page makes a new one.
      location.reload();
    }
  }

  #heedKey(event: KeyboardEvent): void {
    if (this.#state.place !== "inside" || document.querySelector("dialog[open]") !== null) {
      return;
    }

    const { key, ctrlKey, altKey, metaKey, repeat, target } = event;
    const isTyping = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
    const act = keyAct({ key, ctrlKey, altKey, metaKey, isTyping, isRepeated: repeat });
    if (act !== null) {
      event.preventDefault();
      this.#doKey(act);
    }
  }

  #doKey(act: KeyAct): void {
    switch (act) {
      case "toggleMic":
        void this.#toggleMic();
        break;
      case "toggleCamera":
        void this.#toggleCamera();
        break;
      case "toggleScreen":
        void this.#toggleScreen();
        break;
      case "openChat":
        this.#view.togglePane("chat");
        break;
      case "openPeople":
        this.#view.togglePane("people");
        break;
      case "openPolls":
        this.#view.togglePane("polls");
        break;
      case "closePanel":
        this.#view.closePane();
        break;
      default:
        void (document.fullscreenElement === null ? document.documentElement.requestFullscreen() : document.exitFullscreen());
    }
  }
}

function actOnStage(meeting: Meeting, act: "ask" | "cancel" | "join" | "leave"): Promise<void> {
  switch (act) {
    case "ask":
      return meeting.requestStage();
    case "cancel":
      return meeting.cancelStageRequest();
    case "join":
      return meeting.joinStage();
    default:
      return meeting.leaveStage();
  }
}
