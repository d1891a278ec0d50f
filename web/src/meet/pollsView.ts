import type { MeetingSnapshot, Poll, PollOption } from "../meeting/meeting";
import { element, make, makeButton, setAttribute, setLabel, setText, show } from "../ui/elements";
import { iconOf } from "../ui/icons";
import { KeyedList, type Row } from "../ui/keyedList";

export interface PollActs {
  createPoll(question: string, options: readonly string[], isAnonymous: boolean, hidesVotes: boolean): Promise<boolean>;
  vote(pollId: string, option: number): void;
}

const fewestOptions = 2;
const mostOptions = 10;

/** Polls: a form to begin one, and all that were begun, the newest first. */
export class PollsView {
  readonly #acts: PollActs;
  readonly #new = element("poll-new", HTMLButtonElement);
  readonly #form = element("poll-form", HTMLFormElement);
  readonly #question = element("poll-question", HTMLInputElement);
  readonly #options = element("poll-options", HTMLElement);
  readonly #add = element("poll-add", HTMLButtonElement);
  readonly #anonymous = element("poll-anonymous", HTMLInputElement);
  readonly #hide = element("poll-hide", HTMLInputElement);
  readonly #none = element("polls-none", HTMLElement);
  readonly #list: KeyedList<{ poll: Poll; mayVote: boolean }>;

  constructor(acts: PollActs) {
    this.#acts = acts;
    this.#list = new KeyedList(
      element("poll-list", HTMLElement),
      ({ poll }) => poll.id,
      () => new PollView(acts),
    );
    this.#new.addEventListener("click", () => this.#open(this.#form.hidden !== false));
    element("poll-cancel", HTMLButtonElement).addEventListener("click", () => {
      this.#open(false);
      this.#new.focus();
    });
    this.#add.addEventListener("click", () => this.#addOption().focus());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#create();
    });
    this.#reset();
  }

  draw({ polls, rights }: MeetingSnapshot): void {
    show(this.#new, rights.createsPolls);
    if (!rights.createsPolls) {
      show(this.#form, false);
    }

    show(this.#none, polls.length === 0 && this.#form.hidden !== false);
    this.#list.draw(polls.map((poll) => ({ poll, mayVote: rights.votes })).reverse());
  }

  #open(isOpen: boolean): void {
    show(this.#form, isOpen);
    show(this.#none, !isOpen && this.#list.size === 0);
    setAttribute(this.#new, "aria-expanded", String(isOpen));
    if (isOpen) {
      this.#question.focus();
    }
  }

  async #create(): Promise<void> {
    const options = this.#inputs()
      .map(({ value }) => value.trim())
      .filter((value) => value !== "");
    const question = this.#question.value.trim();
    if (question === "" || options.length < fewestOptions) {
      return;
    }

    if (await this.#acts.createPoll(question, options, this.#anonymous.checked, this.#hide.checked)) {
      this.#reset();
      this.#open(false);
      this.#new.focus();
    }
  }

  #reset(): void {
    this.#form.reset();
    this.#options.replaceChildren();
    for (let i = 0; i < fewestOptions; i++) {
      this.#addOption();
    }
  }

  #addOption(): HTMLInputElement {
    const input = make("input", "");
    input.type = "text";
    input.maxLength = 200;
    const remove = makeButton("plain tiny", () => {
      line.remove();
      this.#number();
      this.#inputs().at(-1)?.focus();
    }, iconOf("remove"));
    const line = make("div", "option-line", input, remove);
    this.#options.append(line);
    this.#number();
    return input;
  }

  #number(): void {
    const inputs = this.#inputs();
    inputs.forEach((input, at) => {
      setAttribute(input, "aria-label", `Answer ${at + 1}`);
      input.placeholder = `Answer ${at + 1}`;
      input.required = at < fewestOptions;
      const remove = input.nextElementSibling;
      if (remove instanceof HTMLButtonElement) {
        show(remove, inputs.length > fewestOptions);
        setLabel(remove, `Remove answer ${at + 1}`);
      }
    });
    show(this.#add, inputs.length < mostOptions);
  }

  #inputs(): readonly HTMLInputElement[] {
    return [...this.#options.querySelectorAll("input")];
  }
}

class PollView implements Row<{ poll: Poll; mayVote: boolean }> {
  readonly root: HTMLElement;
  readonly #question = make("h4", "poll-question");
  readonly #note = make("p", "quiet small");
  readonly #options: KeyedList<{ option: PollOption; at: number; poll: Poll; mayVote: boolean }>;

  constructor(acts: PollActs) {
    const list = make("ul", "options");
    this.root = make("li", "card poll", this.#question, list, this.#note);
    this.#options = new KeyedList(
      list,
      ({ at }) => String(at),
      ({ at, poll }) => new OptionView(() => acts.vote(poll.id, at)),
    );
  }

  draw({ poll, mayVote }: { poll: Poll; mayVote: boolean }): void {
    setText(this.#question, poll.question);
    this.#options.draw(poll.options.map((option, at) => ({ option, at, poll, mayVote })));
    const votes = poll.votes === 1 ? "1 vote" : `${poll.votes} votes`;
    const waits = poll.hidesVotes && !poll.hasVoted ? "results after your vote" : votes;
    setText(this.#note, [`By ${poll.by || "a host"}`, waits, ...(poll.isAnonymous ? ["anonymous"] : [])].join(" \u00b7 "));
  }
}

class OptionView implements Row<{ option: PollOption; poll: Poll; mayVote: boolean }> {
  readonly root: HTMLElement;
  readonly #button: HTMLButtonElement;
  readonly #bar = make("span", "option-bar");
  readonly #text = make("span", "option-text");
  readonly #share = make("span", "option-share");
  readonly #voters = make("span", "quiet small option-voters");

  constructor(vote: () => void) {
    this.#button = makeButton("option", vote, this.#bar, this.#text, this.#share);
    this.root = make("li", "", this.#button, this.#voters);
  }

  draw({ option, poll, mayVote }: { option: PollOption; poll: Poll; mayVote: boolean }): void {
    const isOpen = mayVote && !poll.hasVoted;
    const showsResults = !poll.hidesVotes || poll.hasVoted || !mayVote;
    const share = poll.votes === 0 ? 0 : option.count / poll.votes;
    this.#button.disabled = !isOpen;
    setText(this.#text, option.text);
    setText(this.#share, showsResults && (poll.votes > 0 || !isOpen) ? `${Math.round(share * 100)} %` : "");
    this.#bar.style.transform = `scaleX(${showsResults ? share : 0})`;
    this.root.classList.toggle("mine", option.isMine);
    const result = showsResults ? `, ${option.count} of ${poll.votes} votes` : "";
    setAttribute(this.#button, "aria-label", `${isOpen ? "Vote for " : ""}${option.text}${result}${option.isMine ? ", your vote" : ""}`);
    const names = poll.isAnonymous || !showsResults ? "" : option.voters.filter((name) => name !== "").join(", ");
    show(this.#voters, names !== "");
    setText(this.#voters, names);
  }
}
