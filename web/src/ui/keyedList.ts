/** One drawn item. */
export interface Row<T> {
  readonly root: HTMLElement;
  draw(item: T): void;
  /** Called when the item is gone. */
  remove?(): void;
}

/** Draws a list of items, keeping the element of each for as long as the item is there: focus and scrolling stay put. */
export class KeyedList<T> {
  readonly #container: HTMLElement;
  readonly #keyOf: (item: T) => string;
  readonly #make: (item: T) => Row<T>;
  readonly #rows = new Map<string, Row<T>>();

  constructor(container: HTMLElement, keyOf: (item: T) => string, make: (item: T) => Row<T>) {
    this.#container = container;
    this.#keyOf = keyOf;
    this.#make = make;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(key: string): Row<T> | undefined {
    return this.#rows.get(key);
  }

  draw(items: readonly T[]): void {
    const kept = new Set(items.map(this.#keyOf));
    for (const [key, row] of this.#rows) {
      if (!kept.has(key)) {
        this.#rows.delete(key);
        row.root.remove();
        row.remove?.();
      }
    }

    let before: Element | null = null;
    for (const item of items) {
      const key = this.#keyOf(item);
      let row = this.#rows.get(key);
      if (row === undefined) {
        row = this.#make(item);
        this.#rows.set(key, row);
      }

      row.draw(item);
      // Moved only when it stands elsewhere: moving a video interrupts it.
      const place: Element | null = before === null ? this.#container.firstElementChild : before.nextElementSibling;
      if (place !== row.root) {
        this.#container.insertBefore(row.root, place);
      }

      before = row.root;
    }
  }
}
