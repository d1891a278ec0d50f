/** Finds an element that the page is known to hold. */
export function element<T extends Element>(id: string, type: abstract new (...args: never[]) => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) {
    throw new Error(`The page has no ${type.name} named ${id}.`);
  }

  return found;
}

/** Sets an element's text if it differs, so that nothing is drawn or announced anew without need. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) {
    target.textContent = text;
  }
}

/** Sets an attribute if it differs; null removes it. */
export function setAttribute(target: Element, name: string, value: string | null): void {
  if (target.getAttribute(name) === value) {
    return;
  }

  if (value === null) {
    target.removeAttribute(name);
  } else {
    target.setAttribute(name, value);
  }
}

/** Names a button for eyes that hover and ears that listen. */
export function setLabel(button: HTMLElement, label: string, keys?: string): void {
  setAttribute(button, "aria-label", label);
  setAttribute(button, "title", keys === undefined ? label : `${label} (${keys})`);
  if (keys !== undefined) {
    setAttribute(button, "aria-keyshortcuts", keys);
  }
}

/** Shows or hides an element. */
export function show(target: HTMLElement, isShown: boolean): void {
  if (target.hidden === isShown) {
    target.hidden = !isShown;
  }
}

/** Makes an element with a class and what is in it. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...content: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className !== "") {
    made.className = className;
  }

  made.append(...content);
  return made;
}

/** Makes a button that does one thing. */
export function makeButton(className: string, act: () => void, ...content: readonly (Node | string)[]): HTMLButtonElement {
  const button = make("button", className, ...content);
  button.type = "button";
  button.addEventListener("click", act);
  return button;
}
