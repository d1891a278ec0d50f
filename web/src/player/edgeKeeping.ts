import Hls, { type LevelDetails } from "hls.js";

/** The name of the method by which hls.js 1.7 brings a player back to the live edge at each load of a playlist. */
export const synchronize = "synchronizeToLiveEdge";

/** How far beyond the end of the playlist, in seconds, a picture may stand that has played all there is. */
const overhang = 1;

/**
 * Whether a position is right behind the end of the playlist. Sound mostly ends a little later than the picture, and players
 * run on to its end; there is nothing to be brought back to.
 */
export function isAtEnd(position: number, edge: number): boolean {
  return position >= edge && position < edge + overhang;
}

/**
 * hls.js's stream controller, but for one habit: while the publisher is away it takes a position behind the playlist's end
 * for a lost one, and goes back to the live position at each reload of the playlist. Viewers would see the last second again
 * and again until the publisher returns.
 */
export class EdgeKeepingStreamController extends Hls.DefaultConfig.streamController {}

type Synchronize = (this: InstanceType<typeof Hls.DefaultConfig.streamController>, details: LevelDetails) => void;

const prototype = Hls.DefaultConfig.streamController.prototype as unknown as Record<string, Synchronize | undefined>;

// The method is private to the types, so it cannot be overridden by the language's own means.
Object.defineProperty(EdgeKeepingStreamController.prototype, synchronize, {
  value(this: InstanceType<typeof Hls.DefaultConfig.streamController>, details: LevelDetails): void {
    const position = (this as unknown as { media: HTMLMediaElement | null }).media?.currentTime;
    if (position === undefined || !isAtEnd(position, details.edge)) {
      prototype[synchronize]?.call(this, details);
    }
  },
});
