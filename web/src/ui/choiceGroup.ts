import { setText, show } from "./elements";

/** One thing to choose. */
export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly note?: string;
}

/** A titled group of radio buttons, drawn anew only when what can be chosen changes. */
export class ChoiceGroup {
  readonly #group: HTMLFieldSetElement;
  readonly #chosen: (value: string) => void;
  #drawn = "";

  constructor(group: HTMLFieldSetElement, chosen: (value: string) => void) {
    this.#group = group;
    this.#chosen = chosen;
  }

  /** Shows the choices; a group with fewer than two is hidden. */
  draw(choices: readonly Choice[], value: string): void {
    show(this.#group, choices.length > 1);
    const drawn = JSON.stringify(choices);
    if (drawn !== this.#drawn) {
      this.#drawn = drawn;
      this.#group.querySelectorAll("label").forEach((label) => label.remove());
      this.#group.append(...choices.map((choice) => this.#label(choice)));
    }

    for (const input of this.#group.querySelectorAll("input")) {
      input.checked = input.value === value;
    }
  }

  #label({ value, label, note }: Choice): HTMLLabelElement {
    const input = document.createElement("input");
    input.type = "radio";
    input.name = this.#group.id;
    input.value = value;
    input.addEventListener("change", () => this.#chosen(value));
    const text = document.createElement("span");
    setText(text, label);
    const line = document.createElement("label");
    line.append(input, text);
    if (note !== undefined) {
      const small = document.createElement("small");
      setText(small, note);
      line.append(small);
    }

    return line;
  }
}
