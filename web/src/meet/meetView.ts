import type { Device, MeetingSnapshot } from "../meeting/meeting";
import { element, make, setAttribute, setLabel, setText, show } from "../ui/elements";
import { Panel } from "../ui/panel";
import { type ChatActs, ChatView } from "./chatView";
import { type DeviceChoices, DeviceFields } from "./deviceFields";
import { type FloorActs, FloorView } from "./floorView";
import { OnAirView, type OnAirActs } from "./onAirView";
import { type MeetState, type Place, stageOf } from "./meetState";
import { type PeopleActs, PeopleView } from "./peopleView";
import { type PollActs, PollsView } from "./pollsView";
import { type SetupActs, SetupView, drawToggle } from "./setupView";
import { Toasts } from "./toasts";
import { durationText, plateWords, stageAct } from "./words";

export type SidePane = "chat" | "people" | "polls";

const paneTitles: Record<SidePane, string> = { chat: "Chat", people: "People", polls: "Polls" };
const paneKeys: Record<SidePane, string> = { chat: "c", people: "p", polls: "o" };
const panes: readonly SidePane[] = ["chat", "people", "polls"];

/** What the person asks for. */
export interface MeetActs extends SetupActs, ChatActs, Omit<PeopleActs, "writeTo">, PollActs, OnAirActs, Omit<FloorActs, "focus" | "showPeople"> {
  toggleScreen(): void;
  actOnStage(act: "ask" | "cancel" | "join" | "leave"): void;
  leave(): void;
  resumeSound(): void;
  /** The plate's button: join or try again, or stop waiting. */
  again(): void;
  giveUp(): void;
  /** Something is to be drawn anew. */
  changed(): void;
}

/** All that is drawn. */
export interface MeetPicture {
  readonly state: MeetState;
  /** Null while there is no meeting. */
  readonly snapshot: MeetingSnapshot | null;
  readonly devices: DeviceChoices;
  /** How loud each person is, from 0 to 1. */
  readonly levels: ReadonlyMap<string, number>;
  readonly isSoundBlocked: boolean;
  readonly now: number;
}

/** Addresses that belong to what the plate says. */
export interface PlateLinks {
  /** Where the page works better; null for nowhere. */
  readonly better: string | null;
  /** Names the browser has to trust. */
  readonly names: readonly string[];
}

/** Draws the page and hands on what the person does with it. */
export class MeetView {
  readonly #acts: MeetActs;
  readonly #links: PlateLinks;
  readonly #plate = element("plate", HTMLElement);
  readonly #plateSpinner = element("plate-spinner", HTMLElement);
  readonly #plateTitle = element("plate-title", HTMLElement);
  readonly #plateText = element("plate-text", HTMLElement);
  readonly #plateLinks = element("plate-links", HTMLElement);
  readonly #plateLink = element("plate-link", HTMLAnchorElement);
  readonly #plateAct = element("plate-act", HTMLButtonElement);
  readonly #setup = element("setup", HTMLElement);
  readonly #meeting = element("meeting", HTMLElement);
  readonly #title = element("title", HTMLElement);
  readonly #clock = element("clock", HTMLElement);
  readonly #connection = element("connection", HTMLElement);
  readonly #side = element("side", HTMLElement);
  readonly #sideTitle = element("side-title", HTMLElement);
  readonly #mic = element("mic", HTMLButtonElement);
  readonly #camera = element("camera", HTMLButtonElement);
  readonly #screen = element("screen", HTMLButtonElement);
  readonly #stage = element("stage", HTMLButtonElement);
  readonly #stageWord = element("stage-word", HTMLElement);
  readonly #soundTap = element("sound-tap", HTMLButtonElement);
  readonly #announcer = element("announcer", HTMLElement);
  readonly #paneButtons: Record<SidePane, HTMLButtonElement>;
  readonly #setupView: SetupView;
  readonly #floorView: FloorView;
  readonly #chatView: ChatView;
  readonly #peopleView: PeopleView;
  readonly #pollsView: PollsView;
  readonly #onAirView: OnAirView;
  readonly #deviceFields: DeviceFields;
  readonly toasts = new Toasts();
  #pane: SidePane | null = null;
  #unread = 0;
  #unseenPolls = 0;
  #place: Place | null = null;
  #stageAct: "ask" | "cancel" | "join" | "leave" = "ask";

  constructor(acts: MeetActs, links: PlateLinks) {
    this.#acts = acts;
    this.#links = links;
    this.#setupView = new SetupView(acts);
    this.#floorView = new FloorView(
      {
        focus: (tileId) => {
          // Making the focused tile smaller must not bring the same one back.
          this.#floorView.setFocus(tileId ?? "none");
          acts.changed();
        },
        showPeople: () => this.openPane("people"),
        attachCamera: (personId, video) => acts.attachCamera(personId, video),
        detachCamera: (personId, video) => acts.detachCamera(personId, video),
      },
      () => acts.changed(),
    );
    this.#chatView = new ChatView(acts);
    this.#peopleView = new PeopleView(
      {
        ...acts,
        mute: (id) => acts.mute(id),
        stopCamera: (id) => acts.stopCamera(id),
        kick: (person) => acts.kick(person),
        pin: (id) => {
          this.#floorView.setFocus(null);
          acts.pin(id);
        },
        writeTo: (personId) => {
          this.openPane("chat");
          this.#chatView.writeTo(personId);
        },
      },
      () => acts.changed(),
    );
    this.#pollsView = new PollsView(acts);
    this.#onAirView = new OnAirView(acts);
    this.#deviceFields = new DeviceFields("", (device: Device) => acts.chooseDevice(device));

    const button = (id: string) => element(id, HTMLButtonElement);
    this.#paneButtons = { chat: button("chat-button"), people: button("people-button"), polls: button("polls-button") };
    for (const pane of panes) {
      this.#paneButtons[pane].addEventListener("click", () => this.togglePane(pane));
      setAttribute(this.#paneButtons[pane], "aria-controls", "side");
    }

    const settings = button("settings-button");
    setLabel(settings, "Devices");
    new Panel(settings, element("settings-panel", HTMLElement));
    button("side-close").addEventListener("click", () => this.closePane());
    this.#mic.addEventListener("click", () => acts.toggleMic());
    this.#camera.addEventListener("click", () => acts.toggleCamera());
    this.#screen.addEventListener("click", () => acts.toggleScreen());
    this.#stage.addEventListener("click", () => acts.actOnStage(this.#stageAct));
    button("leave").addEventListener("click", () => acts.leave());
    this.#soundTap.addEventListener("click", () => acts.resumeSound());
    this.#plateAct.addEventListener("click", () => (this.#plateAct.dataset["act"] === "giveUp" ? acts.giveUp() : acts.again()));
  }

  get pane(): SidePane | null {
    return this.#pane;
  }

  togglePane(pane: SidePane): void {
    if (this.#pane === pane) {
      this.closePane();
    } else {
      this.openPane(pane);
    }
  }

  openPane(pane: SidePane): void {
    this.#pane = pane;
    this.#unread = pane === "chat" ? 0 : this.#unread;
    this.#unseenPolls = pane === "polls" ? 0 : this.#unseenPolls;
    this.#drawPanes();
    this.#acts.changed();
    if (pane === "chat") {
      this.#chatView.focus();
    } else {
      this.#sideTitle.focus();
    }
  }

  closePane(): void {
    const pane = this.#pane;
    if (pane !== null) {
      const hadFocus = this.#side.contains(document.activeElement);
      this.#pane = null;
      this.#drawPanes();
      this.#acts.changed();
      if (hadFocus) {
        this.#paneButtons[pane].focus();
      }
    }
  }

  /** A message came while the chat was closed, or a poll while the polls were. */
  count(what: "message" | "poll"): void {
    if (what === "message" && this.#pane !== "chat") {
      this.#unread++;
    } else if (what === "poll" && this.#pane !== "polls") {
      this.#unseenPolls++;
    }
  }

  /** Says something to a screen reader, politely. */
  announce(text: string): void {
    // The same words twice are only read again when the text was empty between.
    setText(this.#announcer, this.#announcer.textContent === text ? `${text}\u00a0` : text);
  }

  draw(picture: MeetPicture): void {
    const { state, snapshot, devices, levels } = picture;
    const stage = snapshot === null ? "plate" : stageOf(state.place);
    const isNew = state.place !== this.#place;
    const before = this.#place === null ? null : stageOf(this.#place);
    this.#place = state.place;
    document.body.dataset["place"] = state.place;
    show(this.#plate, stage === "plate");
    show(this.#setup, stage === "setup");
    show(this.#meeting, stage === "meeting");
    this.#drawPlate(state);
    if (snapshot !== null && stage === "setup") {
      this.#setupView.draw(state, snapshot, devices, levels.get(snapshot.self.id) ?? 0);
    } else if (snapshot !== null && stage === "meeting") {
      this.#drawMeeting(picture, snapshot);
    }

    const title = snapshot?.title || "Meeting";
    if (document.title !== title) {
      document.title = title;
    }

    if (isNew) {
      this.#moveFocus(stage, before);
    }
  }

  /** The focus goes along when another part of the page takes over, so that a keyboard is never left on nothing. */
  #moveFocus(stage: "plate" | "setup" | "meeting", before: string | null): void {
    if (stage === "plate") {
      const words = `${this.#plateTitle.textContent}. ${this.#plateText.textContent}`;
      this.announce(words);
      if (before !== null) {
        this.#plateTitle.focus();
      }
    } else if (stage === "setup" && before !== "setup") {
      setText(this.#announcer, ""); // That it is being opened is no news any more.
      element("setup-title", HTMLElement).focus();
    } else if (stage === "meeting" && before !== "meeting") {
      this.#title.focus();
      this.announce("You are in the meeting");
    }
  }

  #drawPlate(state: MeetState): void {
    const words = plateWords(state);
    if (words === null) {
      return;
    }

    show(this.#plateSpinner, words.isBusy);
    setText(this.#plateTitle, words.title);
    setText(this.#plateText, words.text);
    const { better, names } = this.#links;
    const hasBetter = better !== null && (state.place === "insecure" || state.place === "noNames");
    show(this.#plateLink, hasBetter);
    if (hasBetter) {
      setText(this.#plateLink, state.place === "insecure" ? "Open the secure page" : "Open it by name");
      setAttribute(this.#plateLink, "href", better);
    }

    const showsNames = state.place === "shut" && state.fault !== "refused" && names.length > 0;
    show(this.#plateLinks, showsNames);
    if (showsNames && this.#plateLinks.childElementCount === 0) {
      this.#plateLinks.append(
        ...names.map((name) => {
          const link = make("a", "", name);
          link.href = name;
          link.target = "_blank";
          link.rel = "noopener";
          return make("li", "", link);
        }),
      );
    }

    show(this.#plateAct, words.act !== null);
    if (words.act !== null) {
      setText(this.#plateAct, words.act.label);
      this.#plateAct.dataset["act"] = words.act.kind;
      this.#plateAct.classList.toggle("primary", words.act.kind === "again");
    }
  }

  #drawMeeting({ state, devices, levels, isSoundBlocked, now }: MeetPicture, snapshot: MeetingSnapshot): void {
    const { self, rights, stage, startedAt, others, waitingRoom, stageRequests } = snapshot;
    setText(this.#title, snapshot.title || "Meeting");
    show(this.#clock, startedAt !== null);
    setText(this.#clock, startedAt === null ? "" : durationText((now - startedAt.getTime()) / 1_000));
    show(this.#connection, state.connection === "reconnecting");
    setAttribute(this.#meeting, "data-connection", state.connection);

    // Who is in the audience has nothing to turn on.
    const isOnStage = !stage.isInForce || self.stage === "on";
    drawToggle(this.#mic, self.hasMic, rights.mic && isOnStage, "microphone", "m");
    drawToggle(this.#camera, self.hasCamera, rights.camera && isOnStage, "camera", "v");
    const canShare = rights.screen && isOnStage && "getDisplayMedia" in (navigator.mediaDevices ?? {});
    drawToggle(this.#screen, self.screen !== null, canShare, "screen sharing", "s");
    const onStage = stageAct(stage, self.stage);
    show(this.#stage, onStage !== null);
    if (onStage !== null) {
      this.#stageAct = onStage.act;
      setText(this.#stageWord, onStage.label);
      setLabel(this.#stage, onStage.label);
      setAttribute(this.#stage, "data-act", onStage.act);
    }

    show(this.#paneButtons.people, rights.seesPeople || rights.admits);
    show(this.#paneButtons.polls, rights.seesPolls);
    this.#drawCount("chat", this.#unread, "Chat", `${this.#unread} unread`);
    const wait = waitingRoom.length + stageRequests.length;
    this.#drawCount("people", wait, `People: ${others.length + 1}`, `${wait} waiting`);
    this.#drawCount("polls", this.#unseenPolls, "Polls", `${this.#unseenPolls} new`);

    this.#onAirView.draw(snapshot);
    this.#floorView.draw(snapshot, levels);
    show(this.#soundTap, isSoundBlocked);
    this.#deviceFields.draw(devices);
    this.#drawPanes();
    switch (this.#pane) {
      case "chat":
        this.#chatView.draw(snapshot);
        break;
      case "people":
        this.#peopleView.draw(snapshot);
        break;
      case "polls":
        this.#pollsView.draw(snapshot);
        break;
      default:
        break;
    }
  }

  #drawPanes(): void {
    show(this.#side, this.#pane !== null);
    this.#meeting.classList.toggle("with-side", this.#pane !== null);
    for (const pane of panes) {
      show(element(pane, HTMLElement), this.#pane === pane);
      setAttribute(this.#paneButtons[pane], "aria-expanded", String(this.#pane === pane));
    }

    if (this.#pane !== null) {
      setText(this.#sideTitle, paneTitles[this.#pane]);
    }
  }

  #drawCount(pane: SidePane, count: number, label: string, countWords: string): void {
    const button = this.#paneButtons[pane];
    const badge = button.querySelector<HTMLElement>(".count");
    if (badge !== null) {
      show(badge, count > 0);
      setText(badge, count > 99 ? "99+" : String(count));
    }

    setLabel(button, count > 0 ? `${label}, ${countWords}` : label, paneKeys[pane]);
  }
}
