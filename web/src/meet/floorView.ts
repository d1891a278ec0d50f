import type { MeetingSnapshot, Person } from "../meeting/meeting";
import { element, make, makeButton, setAttribute, setLabel, setText, show } from "../ui/elements";
import { iconOf } from "../ui/icons";
import { KeyedList, type Row } from "../ui/keyedList";
import { LivestreamView } from "./livestreamView";
import { type Layout, type Rect, layOut, withinSight } from "./layout";
import { hueOf, initialsOf } from "./words";

export interface FloorActs {
  /** Gives one tile most of the floor, here only; null makes all alike. */
  focus(tileId: string | null): void;
  showPeople(): void;
  attachCamera(personId: string, video: HTMLVideoElement): void;
  detachCamera(personId: string, video: HTMLVideoElement): void;
}

/** One tile: a person's camera, or the screen somebody shares. */
interface Tile {
  readonly id: string;
  readonly person: Person;
  readonly isScreen: boolean;
  readonly isSelf: boolean;
}

/** From this level on somebody is heard. */
const audible = 0.25;
const gap = 8;

/** The floor: everybody who is seen. */
export class FloorView {
  readonly #floor = element("floor", HTMLElement);
  readonly #more = element("more-people", HTMLButtonElement);
  readonly #audience = element("audience", HTMLElement);
  readonly #audienceTitle = element("audience-title", HTMLElement);
  readonly #audienceText = element("audience-text", HTMLElement);
  readonly #tiles = make("div", "tiles");
  readonly #livestream = new LivestreamView();
  readonly #list: KeyedList<Tile>;
  #focus: string | null = null;
  #places: Layout["places"] = new Map();
  #focused: string | null = null;
  #speakerId: string | null = null;
  #levels: ReadonlyMap<string, number> = new Map();

  constructor(acts: FloorActs, resized: () => void) {
    this.#list = new KeyedList(
      this.#tiles,
      ({ id }) => id,
      (tile) =>
        new TileView(tile, acts, {
          toggleFocus: (id) => acts.focus(this.#focused === id ? null : id),
          placeOf: (id) => this.#places.get(id),
          isFocused: (id) => this.#focused === id,
          isSpeaker: (id) => this.#speakerId === id,
          levelOf: (id) => this.#levels.get(id) ?? 0,
        }),
    );
    this.#floor.prepend(this.#tiles);
    this.#more.addEventListener("click", () => acts.showPeople());
    new ResizeObserver(resized).observe(this.#floor);
  }

  setFocus(tileId: string | null): void {
    this.#focus = tileId;
  }

  get focused(): string | null {
    return this.#focused;
  }

  draw(snapshot: MeetingSnapshot, levels: ReadonlyMap<string, number>): void {
    this.#livestream.draw(snapshot.livestream);
    const tiles = snapshot.livestream === null ? tilesOf(snapshot) : [];
    this.#speakerId = snapshot.speakerId;
    this.#levels = levels;
    const size = { width: this.#floor.clientWidth, height: this.#floor.clientHeight };
    this.#focused = focusOf(tiles, this.#focus);
    let layout = layOut(tiles, this.#focused, size, gap);
    if (layout.hidden > 0) {
      const wanted = new Set(tiles.filter(({ id, isSelf }) => isSelf || id === snapshot.speakerId || id === this.#focused).map(({ id }) => id));
      const others = tiles.length - layout.hidden;
      layout = layOut(withinSight(tiles, wanted, others), this.#focused, size, gap);
    }

    this.#places = layout.places;
    this.#list.draw(tiles);
    if (layout.floating !== null) {
      this.#list.get(layout.floating)?.root.classList.add("floating");
    }

    show(this.#more, layout.more !== null);
    if (layout.more !== null) {
      place(this.#more, layout.more);
      setText(this.#more, `+${layout.hidden}`);
      setLabel(this.#more, `${layout.hidden} more people`);
    }

    const isEmpty = tiles.length === 0;
    show(this.#audience, isEmpty && snapshot.livestream?.isLive !== true);
    if (snapshot.livestream !== null) {
      setText(this.#audienceTitle, "The livestream has not begun");
      setText(this.#audienceText, "It begins by itself as soon as the meeting is live.");
    } else if (isEmpty) {
      const mayAsk = snapshot.stage.access !== "denied";
      setText(this.#audienceTitle, "Nobody is on stage yet");
      setText(this.#audienceText, mayAsk ? "You are in the audience, and may come on stage yourself." : "You are in the audience. It begins by itself.");
    }
  }
}

function tilesOf({ self, others, stage }: MeetingSnapshot): readonly Tile[] {
  const people = [self, ...others].filter((person) => !stage.isInForce || person.stage === "on");
  const screens = people.filter(({ screen }) => screen !== null);
  return [
    ...screens.map((person) => ({ id: `${person.id}/screen`, person, isScreen: true, isSelf: false })),
    ...people.map((person) => ({ id: person.id, person, isScreen: false, isSelf: person.isSelf })),
  ];
}

/** What one chose oneself comes first, then a screen, then whom the host has pinned. */
function focusOf(tiles: readonly Tile[], chosen: string | null): string | null {
  if (chosen === noFocus) {
    return null;
  }

  const isThere = tiles.some(({ id }) => id === chosen);
  return (isThere ? chosen : null) ?? tiles.find(({ isScreen }) => isScreen)?.id ?? tiles.find(({ person }) => person.isPinned)?.id ?? null;
}

/** Chosen by somebody who wants all tiles alike in spite of a screen or a pin. */
export const noFocus = "none";

function place(target: HTMLElement, { left, top, width, height }: Rect): void {
  target.style.transform = `translate(${left}px, ${top}px)`;
  target.style.width = `${width}px`;
  target.style.height = `${height}px`;
}

interface TileSurroundings {
  toggleFocus(id: string): void;
  placeOf(id: string): Rect | undefined;
  isFocused(id: string): boolean;
  isSpeaker(id: string): boolean;
  levelOf(id: string): number;
}

class TileView implements Row<Tile> {
  readonly root = make("div", "tile");
  readonly #id: string;
  readonly #personId: string;
  readonly #isScreen: boolean;
  readonly #acts: FloorActs;
  readonly #around: TileSurroundings;
  readonly #video = make("video", "");
  readonly #initials = make("span", "initials");
  readonly #name = make("span", "tile-name");
  readonly #mic = make("span", "tile-mic", iconOf("micOff"));
  readonly #pin = make("span", "tile-pin", iconOf("pin"));
  readonly #enlarge: HTMLButtonElement;
  #screen: MediaStreamTrack | null = null;

  constructor({ id, person, isScreen, isSelf }: Tile, acts: FloorActs, around: TileSurroundings) {
    this.#id = id;
    this.#personId = person.id;
    this.#isScreen = isScreen;
    this.#acts = acts;
    this.#around = around;
    this.#video.playsInline = true;
    this.#video.autoplay = true;
    this.#video.muted = true;
    setAttribute(this.#video, "aria-hidden", "true");
    this.#enlarge = makeButton("plain tile-enlarge", () => around.toggleFocus(id));
    this.root.dataset["tile"] = id;
    this.root.dataset["person"] = person.id;
    setAttribute(this.root, "role", "group");
    this.root.classList.toggle("screen", isScreen);
    this.root.classList.toggle("self", isSelf);
    if (isSelf) {
      this.#video.classList.add("mirrored");
    }

    this.root.style.setProperty("--hue", String(hueOf(person.userId)));
    const avatar = make("div", "avatar", this.#initials);
    setAttribute(avatar, "aria-hidden", "true");
    this.root.append(avatar, this.#video, make("div", "tile-plate", this.#pin, this.#mic, this.#name), this.#enlarge);
    this.root.addEventListener("dblclick", () => around.toggleFocus(id));
    this.root.addEventListener("click", (event) => {
      const isTouch = event instanceof PointerEvent && event.pointerType === "touch";
      if (isTouch && event.target instanceof Node && !this.#enlarge.contains(event.target)) {
        around.toggleFocus(id);
      }
    });
    if (!isScreen) {
      acts.attachCamera(person.id, this.#video);
    }
  }

  draw({ person, isScreen, isSelf }: Tile): void {
    const { root } = this;
    const rect = this.#around.placeOf(this.#id);
    show(root, rect !== undefined);
    if (rect === undefined) {
      return;
    }

    place(root, rect);
    root.classList.toggle("small", rect.width < 180);
    root.classList.remove("floating");
    const isFocused = this.#around.isFocused(this.#id);
    root.classList.toggle("focused", isFocused);
    root.classList.toggle("speaker", !isScreen && this.#around.isSpeaker(person.id));
    root.classList.toggle("heard", !isScreen && person.hasMic && this.#around.levelOf(person.id) > audible);
    if (isScreen && person.screen !== this.#screen) {
      this.#screen = person.screen;
      this.#video.srcObject = person.screen === null ? null : new MediaStream([person.screen]);
    }

    const shownName = isSelf ? `${person.name || "You"} (you)` : person.name;
    const title = isScreen ? (person.isSelf ? "Your screen" : `${person.name}\u2019s screen`) : shownName;
    root.classList.toggle("without-picture", !isScreen && !person.hasCamera);
    setText(this.#initials, initialsOf(person.name));
    setText(this.#name, title);
    show(this.#mic, !isScreen && !person.hasMic);
    show(this.#pin, !isScreen && person.isPinned);
    setLabel(this.#enlarge, isFocused ? `Make ${title} smaller` : `Make ${title} larger`);
    const icon = isFocused ? "reduce" : "enlarge";
    if (this.#enlarge.dataset["icon"] !== icon) {
      this.#enlarge.dataset["icon"] = icon;
      this.#enlarge.replaceChildren(iconOf(icon));
    }

    const details = [
      person.hasMic ? "microphone on" : "microphone off",
      person.hasCamera ? "camera on" : "camera off",
      ...(person.isPinned ? ["pinned"] : []),
    ];
    setAttribute(root, "aria-label", isScreen ? title : `${title}, ${details.join(", ")}`);
  }

  remove(): void {
    if (!this.#isScreen) {
      this.#acts.detachCamera(this.#personId, this.#video);
    }

    this.#video.srcObject = null;
  }
}
