import type { MeetingSnapshot, Person, Rights, Waiting } from "../meeting/meeting";
import { element, make, makeButton, setAttribute, setLabel, setText, show } from "../ui/elements";
import { type Icon, iconOf } from "../ui/icons";
import { KeyedList, type Row } from "../ui/keyedList";
import { hueOf, initialsOf, peopleText } from "./words";

export interface PeopleActs {
  mute(personId: string): void;
  stopCamera(personId: string): void;
  kick(person: Person): void;
  pin(personId: string | null): void;
  writeTo(personId: string): void;
  sendOffStage(userId: string): void;
  grantStage(userId: string): void;
  denyStage(userId: string): void;
  admit(userIds: readonly string[]): void;
  reject(userId: string): void;
  muteAll(): void;
}

/** From so many people on there is a search. */
const searchFrom = 9;

interface PersonRow {
  readonly person: Person;
  readonly rights: Rights;
  readonly hasStage: boolean;
}

/** Who is here, who waits, and what a host can do about it. */
export class PeopleView {
  readonly #search = element("people-search", HTMLInputElement);
  readonly #searchField = element("people-search-field", HTMLElement);
  readonly #title = element("people-title", HTMLElement);
  readonly #waitingBox = element("waiting-box", HTMLElement);
  readonly #admitAll = element("admit-all", HTMLButtonElement);
  readonly #requestsBox = element("requests-box", HTMLElement);
  readonly #muteAll = element("mute-all", HTMLButtonElement);
  readonly #people: KeyedList<PersonRow>;
  readonly #waiting: KeyedList<Waiting>;
  readonly #requests: KeyedList<Waiting>;
  #waitingIds: readonly string[] = [];

  constructor(acts: PeopleActs, changed: () => void) {
    const waitingRow = (accept: (userId: string) => void, acceptWord: string, deny: (userId: string) => void, denyWord: string) => () =>
      new WaitingView(accept, acceptWord, deny, denyWord);
    this.#waiting = new KeyedList(
      element("waiting-list", HTMLElement),
      ({ userId }) => userId,
      waitingRow((userId) => acts.admit([userId]), "Let in", (userId) => acts.reject(userId), "Turn away"),
    );
    this.#requests = new KeyedList(
      element("requests-list", HTMLElement),
      ({ userId }) => userId,
      waitingRow((userId) => acts.grantStage(userId), "Invite", (userId) => acts.denyStage(userId), "Decline"),
    );
    this.#people = new KeyedList(
      element("people-list", HTMLElement),
      ({ person }) => person.id,
      () => new PersonView(acts),
    );
    this.#search.addEventListener("input", changed);
    this.#admitAll.addEventListener("click", () => acts.admit(this.#waitingIds));
    this.#muteAll.addEventListener("click", () => acts.muteAll());
  }

  draw({ self, others, rights, waitingRoom, stageRequests, stage }: MeetingSnapshot): void {
    const everybody = [self, ...others];
    this.#waitingIds = waitingRoom.map(({ userId }) => userId);
    show(this.#waitingBox, waitingRoom.length > 0);
    show(this.#admitAll, waitingRoom.length > 1);
    this.#waiting.draw(waitingRoom);
    show(this.#requestsBox, stageRequests.length > 0);
    this.#requests.draw(stageRequests);
    show(this.#muteAll, rights.mutes && others.length > 0);
    setText(this.#title, `In the meeting: ${peopleText(everybody.length)}`);
    show(this.#searchField, everybody.length >= searchFrom);
    const sought = this.#searchField.hidden ? "" : this.#search.value.trim().toLocaleLowerCase();
    const shown = everybody.filter(({ name }) => name.toLocaleLowerCase().includes(sought));
    this.#people.draw(shown.map((person) => ({ person, rights, hasStage: stage.isInForce })));
  }
}

function avatarOf(): { root: HTMLElement; draw(userId: string, name: string): void } {
  const root = make("span", "avatar small-avatar");
  setAttribute(root, "aria-hidden", "true");
  return {
    root,
    draw(userId, name) {
      root.style.setProperty("--hue", String(hueOf(userId)));
      setText(root, initialsOf(name));
    },
  };
}

class WaitingView implements Row<Waiting> {
  readonly root: HTMLElement;
  readonly #avatar = avatarOf();
  readonly #name = make("span", "row-name");
  readonly #accept: HTMLButtonElement;
  readonly #deny: HTMLButtonElement;
  readonly #words: readonly [string, string];
  #userId = "";

  constructor(accept: (userId: string) => void, acceptWord: string, deny: (userId: string) => void, denyWord: string) {
    this.#words = [acceptWord, denyWord];
    this.#accept = makeButton("button small primary", () => accept(this.#userId), acceptWord);
    this.#deny = makeButton("button small", () => deny(this.#userId), denyWord);
    this.root = make("li", "row", this.#avatar.root, this.#name, make("span", "row-acts", this.#deny, this.#accept));
  }

  draw({ userId, name }: Waiting): void {
    this.#userId = userId;
    this.#avatar.draw(userId, name);
    setText(this.#name, name);
    setAttribute(this.#accept, "aria-label", `${this.#words[0]} ${name}`);
    setAttribute(this.#deny, "aria-label", `${this.#words[1]} ${name}`);
  }
}

class PersonView implements Row<PersonRow> {
  readonly root: HTMLElement;
  readonly #acts: PeopleActs;
  readonly #avatar = avatarOf();
  readonly #name = make("span", "row-name");
  readonly #note = make("span", "quiet small row-note");
  readonly #mic = make("span", "row-icon");
  readonly #camera = make("span", "row-icon");
  readonly #more: HTMLButtonElement;
  readonly #menu = make("div", "row-menu");
  #row: PersonRow | null = null;
  #drawn = "";

  constructor(acts: PeopleActs) {
    this.#acts = acts;
    this.#more = makeButton("plain tiny", () => this.#open(this.#menu.hidden !== false), iconOf("more"));
    this.#menu.hidden = true;
    this.#menu.id = `row-menu-${PersonView.#made++}`;
    setAttribute(this.#more, "aria-controls", this.#menu.id);
    this.root = make(
      "li",
      "row person",
      this.#avatar.root,
      make("span", "row-words", this.#name, this.#note),
      this.#mic,
      this.#camera,
      this.#more,
      this.#menu,
    );
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !this.#menu.hidden) {
        event.stopPropagation();
        this.#open(false);
        this.#more.focus();
      }
    });
  }

  static #made = 0;

  draw(row: PersonRow): void {
    this.#row = row;
    const { person, hasStage } = row;
    this.#avatar.draw(person.userId, person.name);
    setText(this.#name, person.isSelf ? `${person.name} (you)` : person.name);
    const notes = [
      ...(person.screen !== null ? ["shares a screen"] : []),
      ...(person.isPinned ? ["pinned"] : []),
      ...(hasStage ? [person.stage === "on" ? "on stage" : "in the audience"] : []),
    ];
    setText(this.#note, notes.join(", "));
    this.#drawIcon(this.#mic, person.hasMic ? "mic" : "micOff", person.hasMic ? "Microphone on" : "Microphone off");
    this.#drawIcon(this.#camera, person.hasCamera ? "camera" : "cameraOff", person.hasCamera ? "Camera on" : "Camera off");
    const acts = this.#possible(row);
    show(this.#more, acts.length > 0);
    setLabel(this.#more, `Actions for ${person.name}`);
    setAttribute(this.#more, "aria-expanded", String(!this.#menu.hidden));
    const drawn = acts.map(([label]) => label).join("|");
    if (drawn !== this.#drawn) {
      this.#drawn = drawn;
      this.#menu.replaceChildren(
        ...acts.map(([label, act]) =>
          makeButton("row-act", () => {
            this.#open(false);
            act();
          }, label),
        ),
      );
    }
  }

  #open(isOpen: boolean): void {
    show(this.#menu, isOpen);
    setAttribute(this.#more, "aria-expanded", String(isOpen));
    if (isOpen) {
      this.#menu.querySelector("button")?.focus();
    }
  }

  #possible({ person, rights, hasStage }: PersonRow): readonly (readonly [string, () => void])[] {
    const acts = this.#acts;
    const { id, userId } = person;
    const current = () => this.#row?.person ?? person;
    return [
      ...(!person.isSelf && rights.privateChat ? [["Write privately", () => acts.writeTo(id)] as const] : []),
      ...(rights.pins ? [[person.isPinned ? "Unpin for everybody" : "Pin for everybody", () => acts.pin(current().isPinned ? null : id)] as const] : []),
      ...(!person.isSelf && rights.mutes && person.hasMic ? [["Mute", () => acts.mute(id)] as const] : []),
      ...(!person.isSelf && rights.stopsCameras && person.hasCamera ? [["Turn camera off", () => acts.stopCamera(id)] as const] : []),
      ...(!person.isSelf && hasStage && rights.grantsStage && person.stage === "on" ? [["Send to the audience", () => acts.sendOffStage(userId)] as const] : []),
      ...(!person.isSelf && hasStage && rights.grantsStage && person.stage === "off" ? [["Invite on stage", () => acts.grantStage(userId)] as const] : []),
      ...(!person.isSelf && rights.kicks ? [["Remove from the meeting", () => acts.kick(current())] as const] : []),
    ];
  }

  #drawIcon(target: HTMLElement, icon: Icon, label: string): void {
    if (target.dataset["icon"] !== icon) {
      target.dataset["icon"] = icon;
      target.replaceChildren(iconOf(icon), make("span", "unseen", label));
      target.title = label;
    }
  }
}
