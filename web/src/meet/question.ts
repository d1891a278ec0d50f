import { element, makeButton, setText } from "../ui/elements";

/** One way to answer. */
export interface Answer {
  readonly value: string;
  readonly label: string;
  readonly look: "plain" | "primary" | "danger";
}

/**
 * Asks before something that cannot be taken back.
 * @returns the value of the answer; null when it was dismissed.
 */
export function ask(title: string, text: string, answers: readonly Answer[]): Promise<string | null> {
  const dialog = element("question", HTMLDialogElement);
  setText(element("question-title", HTMLElement), title);
  const words = element("question-text", HTMLElement);
  setText(words, text);
  words.hidden = text === "";
  element("question-acts", HTMLElement).replaceChildren(
    makeButton("button", () => dialog.close(""), "Cancel"),
    ...answers.map(({ value, label, look }) => makeButton(`button ${look}`, () => dialog.close(value), label)),
  );
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "" ? null : dialog.returnValue), { once: true }),
  );
}
