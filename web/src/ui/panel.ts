import { setAttribute, show } from "./elements";

/** A small panel that a button opens and closes; Escape and a press elsewhere close it too. */
export class Panel {
  readonly #button: HTMLButtonElement;
  readonly #panel: HTMLElement;

  constructor(button: HTMLButtonElement, panel: HTMLElement) {
    this.#button = button;
    this.#panel = panel;
    setAttribute(button, "aria-expanded", "false");
    setAttribute(button, "aria-controls", panel.id);
    button.addEventListener("click", () => this.set(panel.hidden !== false));
    for (const part of [panel, button]) {
      part.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && this.isOpen) {
          event.stopPropagation();
          this.set(false);
          button.focus();
        }
      });
    }

    document.addEventListener("pointerdown", (event) => {
      if (this.isOpen && event.target instanceof Node && !panel.contains(event.target) && !button.contains(event.target)) {
        this.set(false);
      }
    });
  }

  get isOpen(): boolean {
    return !this.#panel.hidden;
  }

  set(isOpen: boolean): void {
    show(this.#panel, isOpen);
    setAttribute(this.#button, "aria-expanded", String(isOpen));
    if (isOpen) {
      const fields = [...this.#panel.querySelectorAll<HTMLElement>("input, select, button")].filter((each) => each.offsetParent !== null && !each.matches(":disabled"));
      (fields.find((each) => each.matches("input:checked")) ?? fields[0])?.focus();
    }
  }
}
