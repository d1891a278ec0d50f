import { type Player, type PlayerEvent, type PlayerSnapshot } from "./player";

/** A player without a browser, for tests: they set what it shows and make it report. */
export class FakePlayer implements Player {
  readonly family = "fake";
  readonly url: string;
  readonly tell: (event: PlayerEvent) => void;
  readonly calls: string[] = [];
  now: PlayerSnapshot = {
    position: 0,
    start: 0,
    edge: 0,
    latency: null,
    targetLatency: 1.5,
    buffered: 0,
    width: 0,
    height: 0,
    bitrateBps: null,
    framesShown: 0,
    framesDropped: 0,
  };

  constructor(url: string, tell: (event: PlayerEvent) => void) {
    this.url = url;
    this.tell = tell;
  }

  snapshot(): PlayerSnapshot {
    return this.now;
  }

  goLive(): void {
    this.calls.push("goLive");
  }

  seekTo(position: number): void {
    this.calls.push(`seekTo ${position}`);
  }

  chooseLevel(id: number | null): void {
    this.calls.push(`chooseLevel ${id}`);
  }

  chooseSound(id: number): void {
    this.calls.push(`chooseSound ${id}`);
  }

  chooseCaption(id: number | null): void {
    this.calls.push(`chooseCaption ${id}`);
  }

  destroy(): void {
    this.calls.push("destroy");
  }
}
