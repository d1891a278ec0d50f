import { element, make, makeButton, setLabel } from "../ui/elements";
import { iconOf } from "../ui/icons";

const shownMs = 6_000;
const faultMs = 10_000;
const most = 3;

/** Something that a short word can be answered with. */
export interface ToastAct {
  readonly label: string;
  act(): void;
}

/** Short words that come and go. A screen reader is told elsewhere. */
export class Toasts {
  readonly #box = element("toasts", HTMLElement);

  show(text: string, act: ToastAct | null = null, isFault = false): void {
    const close = makeButton("plain tiny", () => toast.remove(), iconOf("remove"));
    setLabel(close, "Dismiss");
    const toast = make("div", isFault ? "toast toast-fault" : "toast", make("span", "toast-text", text));
    if (act !== null) {
      toast.append(
        makeButton("link", () => {
          toast.remove();
          act.act();
        }, act.label),
      );
    }

    toast.append(close);
    this.#box.append(toast);
    while (this.#box.children.length > most) {
      this.#box.firstElementChild?.remove();
    }

    const dismiss = () => {
      // Somebody is about to use it.
      if (toast.matches(":hover, :focus-within")) {
        setTimeout(dismiss, shownMs);
      } else {
        toast.remove();
      }
    };
    setTimeout(dismiss, isFault ? faultMs : shownMs);
  }
}
