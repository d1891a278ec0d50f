/**
 * Keeps a viewer near the live edge: how far behind to aim for, when to jump forward, and whether the viewer is meant to be
 * at the edge at all (one who went back in time is left in peace).
 */
export interface LivePosition {
  /** Whether the viewer wants to be at the live edge. */
  readonly follows: boolean;
  /** Seconds added to the stream's own target because playback stalled. */
  readonly margin: number;
  /** When the margin last grew or shrank, in milliseconds. */
  readonly marginChangedAt: number;
}

export const atLiveEdge: LivePosition = { follows: true, margin: 0, marginChangedAt: 0 };

/** Each stall asks for so much more distance, up to the most; each quiet while takes some of it back. */
const marginPerStall = 0.3;
const mostMargin = 1.5;
const quietMs = 10_000;
const marginPerQuiet = 0.15;

/** Further behind than this the distance is not made up by playing faster, but by a jump. */
const jumpBeyond = 3;

/** A viewer this near to the edge counts as at it. */
const edgeTolerance = 1.5;

/** Playback ran dry while the stream went on. */
export function stalled(position: LivePosition, nowMs: number): LivePosition {
  return { ...position, margin: Math.min(mostMargin, position.margin + marginPerStall), marginChangedAt: nowMs };
}

/** Time went by without a stall. */
export function rested(position: LivePosition, nowMs: number): LivePosition {
  return position.margin > 0 && nowMs - position.marginChangedAt >= quietMs
    ? { ...position, margin: Math.max(0, position.margin - marginPerQuiet), marginChangedAt: nowMs }
    : position;
}

/** The viewer chose a place or paused: follow from now on if that place is at the edge. */
export function movedTo(position: LivePosition, latency: number, target: number): LivePosition {
  return { ...position, follows: isAtEdge(latency, target + position.margin) };
}

/** The viewer asked for the live edge. */
export function wentLive(position: LivePosition): LivePosition {
  return { ...position, follows: true };
}

export function isAtEdge(latency: number, target: number): boolean {
  return latency <= target + edgeTolerance;
}

/** Whether to jump to the edge now: only for a viewer who follows it, and only when playing faster would take too long. */
export function shouldJump(position: LivePosition, latency: number | null, target: number | null): boolean {
  return position.follows && latency !== null && target !== null && latency > target + position.margin + jumpBeyond;
}
