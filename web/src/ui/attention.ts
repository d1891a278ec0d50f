const idleMs = 3_000;

/** Knows whether somebody is using the controls: they fade when nobody is. */
export class Attention {
  readonly #target: HTMLElement;
  readonly #holds: () => boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param holds whether the controls must stay whatever the pointer does. */
  constructor(target: HTMLElement, holds: () => boolean) {
    this.#target = target;
    this.#holds = holds;
    for (const name of ["pointermove", "pointerdown", "keydown", "focusin"]) {
      target.addEventListener(name, () => this.wake());
    }

    target.addEventListener("pointerleave", (event) => {
      if (event instanceof PointerEvent && event.pointerType === "mouse") {
        this.#sleep();
      }
    });
    this.wake();
  }

  get isAwake(): boolean {
    return this.#target.classList.contains("awake");
  }

  wake(): void {
    this.#target.classList.add("awake");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#sleep(), idleMs);
  }

  #sleep(): void {
    clearTimeout(this.#timer);
    const hasFocus = this.#target.querySelector(":focus-visible") !== null;
    if (this.#holds() || hasFocus) {
      this.#timer = setTimeout(() => this.#sleep(), idleMs);
    } else {
      this.#target.classList.remove("awake");
    }
  }
}
