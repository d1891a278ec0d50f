import type { MeetAddress } from "../meeting/address";
import type { Connection, EntryFault, LeaveReason } from "../meeting/meeting";

/** Everything the page knows about where it stands. Changed only by {@link update}. */
export interface MeetState {
  readonly place: Place;
  /** Why the last attempt to come in failed; null when none did. */
  readonly fault: EntryFault | null;
  readonly connection: Connection;
}

/** How far in one is. */
export type Place =
  /** There is nothing to connect to from this address. */
  | "noToken"
  | "insecure"
  | "noNames"
  /** The meeting is being looked up. */
  | "opening"
  /** It could not be. */
  | "shut"
  /** Before the meeting: name and devices are being chosen. */
  | "setup"
  | "joining"
  /** In front of the meeting, until somebody lets one in. */
  | "waiting"
  | "inside"
  /** Out of it again. */
  | LeaveReason;

export type MeetInput =
  | { readonly kind: "opened" }
  | { readonly kind: "openFailed"; readonly fault: EntryFault }
  | { readonly kind: "retried" }
  | { readonly kind: "joinAsked" }
  | { readonly kind: "joinFailed"; readonly fault: EntryFault }
  | { readonly kind: "joined" }
  | { readonly kind: "waitlisted" }
  | { readonly kind: "connectionChanged"; readonly connection: Connection }
  | { readonly kind: "out"; readonly reason: LeaveReason };

/** Where a page with this address begins. */
export function initialState(address: MeetAddress): MeetState {
  return { place: address.kind === "good" ? "opening" : address.kind, fault: null, connection: "steady" };
}

/** Applies one thing that happened. What means nothing where one stands changes nothing. */
export function update(state: MeetState, input: MeetInput): MeetState {
  switch (input.kind) {
    case "opened":
      return state.place === "opening" ? { ...state, place: "setup", fault: null } : state;
    case "openFailed":
      return state.place === "opening" ? { ...state, place: "shut", fault: input.fault } : state;
    case "retried":
      return state.place === "shut" ? { ...state, place: "opening" } : state;
    case "joinAsked":
      return state.place === "setup" ? { ...state, place: "joining", fault: null } : state;
    case "joinFailed":
      return state.place === "joining" ? { ...state, place: "setup", fault: input.fault } : state;
    case "joined":
      return isOut(state.place) ? state : { ...state, place: "inside", fault: null, connection: "steady" };
    case "waitlisted":
      return state.place === "joining" ? { ...state, place: "waiting" } : state;
    case "connectionChanged":
      return state.connection === input.connection ? state : { ...state, connection: input.connection };
    case "out":
      return isOut(state.place) ? state : { ...state, place: input.reason };
    default:
      return assertNever(input);
  }
}

/** Whether one was in and is not any more. */
export function isOut(place: Place): place is LeaveReason {
  return place === "left" || place === "kicked" || place === "rejected" || place === "ended" || place === "failed";
}

/** What fills the page. */
export type Stage = "plate" | "setup" | "meeting";

export function stageOf(place: Place): Stage {
  return place === "setup" || place === "joining" ? "setup" : place === "inside" ? "meeting" : "plate";
}

export function assertNever(value: never): never {
  throw new Error(`Unhandled: ${JSON.stringify(value)}`);
}
