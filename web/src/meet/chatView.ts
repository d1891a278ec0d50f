import type { ChatMessage, MeetingSnapshot } from "../meeting/meeting";
import { element, make, makeButton, setAttribute, setLabel, setText, show } from "../ui/elements";
import { iconOf } from "../ui/icons";
import { KeyedList, type Row } from "../ui/keyedList";
import { piecesOf, safeLink } from "./chatText";
import { messageWords, sizeText } from "./words";

export interface ChatActs {
  sendText(text: string, to: string | null): Promise<boolean>;
  sendFile(file: File, to: string | null): Promise<boolean>;
  editText(messageId: string, text: string): Promise<boolean>;
  deleteMessage(messageId: string): void;
  pinMessage(messageId: string, isPinned: boolean): void;
}

const everybody = "";

/** Messages of one person within this time stand under one name. */
const groupMs = 4 * 60_000;

interface Line {
  readonly message: ChatMessage;
  readonly isFirst: boolean;
  readonly isOwn: boolean;
  /** Whom a private message is for or from; null for one to everybody. */
  readonly privately: string | null;
  readonly mayPin: boolean;
}

/** The chat. */
export class ChatView {
  readonly #acts: ChatActs;
  readonly #messages = element("messages", HTMLElement);
  readonly #pinned = element("chat-pinned", HTMLElement);
  readonly #pinnedBox = this.#pinned.parentElement ?? this.#pinned;
  readonly #form = element("chat-form", HTMLFormElement);
  readonly #text = element("chat-text", HTMLTextAreaElement);
  readonly #to = element("chat-to", HTMLSelectElement);
  readonly #toField = element("chat-to-field", HTMLElement);
  readonly #attach = element("chat-attach", HTMLButtonElement);
  readonly #file = element("chat-file", HTMLInputElement);
  readonly #busy = element("chat-busy", HTMLElement);
  readonly #edit = element("chat-edit", HTMLElement);
  readonly #empty = make("p", "empty", "No messages so far. What is written here can be read by everybody in the meeting.");
  readonly #list: KeyedList<Line>;
  #editing: string | null = null;
  #recipients = "";
  #isAtEnd = true;

  constructor(acts: ChatActs) {
    this.#acts = acts;
    const rows = make("div", "lines");
    this.#messages.append(this.#empty, rows);
    this.#list = new KeyedList(
      rows,
      ({ message }) => message.id,
      () => new LineView(acts, (message) => this.#beginEdit(message), () => this.#stayAtEnd()),
    );
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#send();
    });
    this.#text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        void this.#send();
      } else if (event.key === "Escape" && this.#editing !== null) {
        event.stopPropagation();
        this.#endEdit();
      }
    });
    this.#text.addEventListener("input", () => this.#fit());
    element("chat-edit-cancel", HTMLButtonElement).addEventListener("click", () => this.#endEdit());
    this.#attach.addEventListener("click", () => this.#file.click());
    this.#file.addEventListener("change", () => {
      const file = this.#file.files?.[0];
      this.#file.value = "";
      if (file !== undefined) {
        void this.#sendFile(file);
      }
    });
    this.#messages.addEventListener("scroll", () => {
      const { scrollTop, scrollHeight, clientHeight } = this.#messages;
      this.#isAtEnd = scrollHeight - scrollTop - clientHeight < 40;
    });
    const pane = element("chat", HTMLElement);
    pane.addEventListener("dragover", (event) => event.preventDefault());
    pane.addEventListener("drop", (event) => {
      event.preventDefault();
      const file = event.dataTransfer?.files[0];
      if (file !== undefined && !this.#attach.hidden) {
        void this.#sendFile(file);
      }
    });
    this.#text.addEventListener("paste", (event) => {
      const file = event.clipboardData?.files[0];
      if (file !== undefined && !this.#attach.hidden) {
        event.preventDefault();
        void this.#sendFile(file);
      }
    });
  }

  focus(): void {
    this.#isAtEnd = true;
    this.#stayAtEnd();
    (this.#form.hidden ? this.#messages : this.#text).focus();
  }

  /** Writes to one person only. */
  writeTo(personId: string): void {
    this.#to.value = personId;
    this.#text.focus();
  }

  draw({ messages, self, others, rights }: MeetingSnapshot): void {
    const before = this.#list.size;
    const names = new Map([self, ...others].map(({ userId, name }) => [userId, name]));
    show(this.#empty, messages.length === 0);
    this.#list.draw(
      messages.map((message, at) => {
        const last = messages[at - 1];
        const isOwn = message.userId === self.userId;
        return {
          message,
          isOwn,
          isFirst:
            last === undefined ||
            last.userId !== message.userId ||
            message.at.getTime() - last.at.getTime() > groupMs ||
            (last.to === null) !== (message.to === null),
          privately: privateWords(message, self.userId, names),
          mayPin: rights.pins || isOwn,
        };
      }),
    );
    if (this.#list.size !== before) {
      this.#stayAtEnd();
    }

    const pin = messages.filter(({ isPinned }) => isPinned).at(-1);
    show(this.#pinnedBox, pin !== undefined);
    if (pin !== undefined) {
      setText(this.#pinned, `${pin.name}: ${messageWords(pin)}`);
    }

    show(this.#form, rights.chat || rights.privateChat);
    show(this.#attach, rights.chatFiles);
    this.#drawRecipients(
      others.map(({ id, name }) => ({ id, name })),
      rights.chat,
      rights.privateChat,
    );
  }

  #drawRecipients(others: readonly { id: string; name: string }[], mayAll: boolean, mayOne: boolean): void {
    show(this.#toField, mayOne && others.length > 0);
    const choices = [...(mayAll ? [{ id: everybody, name: "Everybody" }] : []), ...(mayOne ? others : [])];
    const drawn = JSON.stringify(choices);
    if (drawn !== this.#recipients) {
      this.#recipients = drawn;
      const chosen = this.#to.value;
      this.#to.replaceChildren(...choices.map(({ id, name }) => new Option(name, id)));
      this.#to.value = choices.some(({ id }) => id === chosen) ? chosen : (choices[0]?.id ?? everybody);
    }

    this.#form.classList.toggle("private", this.#to.value !== everybody);
  }

  async #send(): Promise<void> {
    const text = this.#text.value.trim();
    if (text === "") {
      return;
    }

    const editing = this.#editing;
    this.#isAtEnd = true;
    const isSent = editing === null ? await this.#acts.sendText(text, this.#recipient()) : await this.#acts.editText(editing, text);
    if (isSent) {
      this.#text.value = "";
      this.#endEdit();
      this.#fit();
    }
  }

  async #sendFile(file: File): Promise<void> {
    setText(this.#busy, `Sending ${file.name}\u2026`);
    show(this.#busy, true);
    await this.#acts.sendFile(file, this.#recipient());
    show(this.#busy, false);
  }

  #recipient(): string | null {
    return this.#to.value === everybody ? null : this.#to.value;
  }

  #beginEdit({ id, content }: ChatMessage): void {
    if (content.kind === "text") {
      this.#editing = id;
      show(this.#edit, true);
      this.#text.value = content.text;
      this.#fit();
      this.#text.focus();
    }
  }

  #endEdit(): void {
    if (this.#editing !== null) {
      this.#editing = null;
      this.#text.value = "";
      show(this.#edit, false);
      this.#fit();
    }
  }

  /** As high as what is written, up to some lines. */
  #fit(): void {
    this.#text.style.height = "auto";
    this.#text.style.height = `${Math.min(132, this.#text.scrollHeight)}px`;
  }

  #stayAtEnd(): void {
    if (this.#isAtEnd) {
      this.#messages.scrollTop = this.#messages.scrollHeight;
    }
  }
}

function privateWords({ to, userId }: ChatMessage, ownUserId: string, names: ReadonlyMap<string, string>): string | null {
  if (to === null) {
    return null;
  }

  if (userId !== ownUserId) {
    return "to you only";
  }

  const others = to.filter((each) => each !== ownUserId).map((each) => names.get(each) ?? "somebody who has left");
  return `to ${others.join(", ") || "yourself"} only`;
}

class LineView implements Row<Line> {
  readonly root = make("article", "line-of-chat");
  readonly #head = make("div", "line-head");
  readonly #name = make("span", "line-name");
  readonly #time = make("time", "quiet");
  readonly #private = make("span", "private-word");
  readonly #body = make("div", "line-body");
  readonly #acts = make("div", "line-acts");
  readonly #pin: HTMLButtonElement;
  readonly #edit: HTMLButtonElement;
  readonly #delete: HTMLButtonElement;
  readonly #grew: () => void;
  #line: Line | null = null;

  constructor(acts: ChatActs, edit: (message: ChatMessage) => void, grew: () => void) {
    this.#grew = grew;
    const on = (act: (message: ChatMessage) => void) => () => {
      if (this.#line !== null) {
        act(this.#line.message);
      }
    };
    this.#pin = makeButton("plain tiny", on(({ id, isPinned }) => acts.pinMessage(id, !isPinned)), iconOf("pin"));
    this.#edit = makeButton("plain tiny", on(edit), iconOf("edit"));
    this.#delete = makeButton("plain tiny", on(({ id }) => acts.deleteMessage(id)), iconOf("bin"));
    setLabel(this.#edit, "Edit message");
    setLabel(this.#delete, "Delete message");
    this.#head.append(this.#name, this.#time, this.#private);
    this.#acts.append(this.#pin, this.#edit, this.#delete);
    this.root.append(this.#head, this.#body, this.#acts);
    this.root.addEventListener("click", (event) => {
      if (event.target instanceof Element && event.target.closest("a, button") === null) {
        this.root.classList.toggle("touched");
      }
    });
  }

  draw(line: Line): void {
    const { message, isFirst, isOwn, privately, mayPin } = line;
    const hasNewContent = this.#line?.message.content !== message.content || this.#line.message.isEdited !== message.isEdited;
    this.#line = line;
    this.root.classList.toggle("own", isOwn);
    this.root.classList.toggle("first", isFirst);
    this.root.classList.toggle("is-private", privately !== null);
    show(this.#head, isFirst);
    setText(this.#name, isOwn ? "You" : message.name);
    setText(this.#time, message.at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
    show(this.#private, privately !== null);
    setText(this.#private, privately ?? "");
    show(this.#pin, mayPin);
    setLabel(this.#pin, message.isPinned ? "Unpin message" : "Pin message");
    setAttribute(this.#pin, "aria-pressed", String(message.isPinned));
    show(this.#edit, isOwn && message.content.kind === "text");
    show(this.#delete, isOwn);
    if (hasNewContent) {
      this.#body.replaceChildren(...this.#contentOf(message));
    }
  }

  #contentOf({ content, isEdited, name }: ChatMessage): readonly (Node | string)[] {
    switch (content.kind) {
      case "text":
        return [
          ...piecesOf(content.text).map(({ text, href }) => (href === null ? document.createTextNode(text) : linkTo(href, "", text))),
          ...(isEdited ? [make("span", "quiet small", " (edited)")] : []),
        ];
      case "image": {
        const href = safeLink(content.link);
        if (href === null) {
          return [make("em", "", "A picture that cannot be shown")];
        }

        const image = make("img", "chat-image");
        image.alt = `Picture from ${name}`;
        image.addEventListener("load", this.#grew);
        image.src = href;
        return [linkTo(href, "image-link", image)];
      }
      default: {
        const href = safeLink(content.link);
        const words = make("span", "file-words", make("span", "file-name", content.name), make("span", "quiet small", sizeText(content.bytes)));
        return href === null ? [make("span", "file", iconOf("file"), words)] : [linkTo(href, "file", iconOf("file"), words)];
      }
    }
  }
}

function linkTo(href: string, className: string, ...content: readonly (Node | string)[]): HTMLAnchorElement {
  const link = make("a", className, ...content);
  link.href = href;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  return link;
}
