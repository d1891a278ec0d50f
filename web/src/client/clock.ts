/** Time and timers, so that tests need not wait. */
export interface Clock {
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  after(ms: number, act: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

export const browserClock: Clock = {
  now: () => performance.now(),
  after(ms, act) {
    const handle = setTimeout(act, ms);
    return { cancel: () => clearTimeout(handle) };
  },
};
