import type { Device, DeviceKind } from "../meeting/meeting";
import { element, show } from "../ui/elements";

const kinds: readonly DeviceKind[] = ["mic", "camera", "speaker"];

/** What can be chosen, and what is in use. */
export interface DeviceChoices {
  readonly devices: readonly Device[];
  readonly current: Readonly<Record<DeviceKind, string | null>>;
  /** Kinds that are not to be offered: the preset does not allow them. */
  readonly without: ReadonlySet<DeviceKind>;
}

/** The choice of microphone, camera and loudspeaker. */
export class DeviceFields {
  readonly #fields: Record<DeviceKind, { field: HTMLElement; select: HTMLSelectElement }>;
  #devices: readonly Device[] = [];
  #drawn = "";

  /** @param prefix of the ids of the fields. */
  constructor(prefix: string, chosen: (device: Device) => void) {
    const find = (kind: DeviceKind) => ({
      field: element(`${prefix}${kind}-field`, HTMLElement),
      select: element(`${prefix}${kind}-choice`, HTMLSelectElement),
    });
    this.#fields = { mic: find("mic"), camera: find("camera"), speaker: find("speaker") };
    for (const kind of kinds) {
      this.#fields[kind].select.addEventListener("change", () => {
        const device = this.#devices.find((each) => each.kind === kind && each.id === this.#fields[kind].select.value);
        if (device !== undefined) {
          chosen(device);
        }
      });
    }
  }

  draw({ devices, current, without }: DeviceChoices): void {
    const drawn = JSON.stringify([devices, [...without]]);
    if (drawn !== this.#drawn) {
      this.#drawn = drawn;
      this.#devices = devices;
      for (const kind of kinds) {
        const { field, select } = this.#fields[kind];
        const offered = devices.filter((device) => device.kind === kind);
        // A loudspeaker can be chosen where the browser lets a page do so; its list is empty elsewhere.
        show(field, !without.has(kind) && (offered.length > 0 || kind !== "speaker"));
        select.disabled = offered.length === 0;
        select.replaceChildren(...(offered.length > 0 ? offered.map(({ id, label }) => new Option(label, id)) : [new Option("None found", "")]));
      }
    }

    for (const kind of kinds) {
      const { select } = this.#fields[kind];
      const value = current[kind];
      if (value !== null && select.value !== value && document.activeElement !== select && [...select.options].some((each) => each.value === value)) {
        select.value = value;
      }
    }
  }
}
