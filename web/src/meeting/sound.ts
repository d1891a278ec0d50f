/** Plays what is to be heard, and knows how loud each track is. */
export class Sound {
  readonly #blocked: (isBlocked: boolean) => void;
  readonly #players = new Map<string, { track: MediaStreamTrack; audio: HTMLAudioElement }>();
  readonly #meters = new Map<string, Meter>();
  #context: AudioContext | null = null;
  #speaker: string | null = null;
  #isBlocked = false;

  /** @param blocked told whether the browser wants a touch of the page before it plays. */
  constructor(blocked: (isBlocked: boolean) => void) {
    this.#blocked = blocked;
  }

  /** Makes what is heard equal to what is given. */
  draw(sounds: ReadonlyMap<string, MediaStreamTrack>): void {
    for (const [name, { track, audio }] of this.#players) {
      if (sounds.get(name) !== track) {
        audio.srcObject = null;
        this.#players.delete(name);
      }
    }

    for (const [name, track] of sounds) {
      if (!this.#players.has(name)) {
        const audio = new Audio();
        audio.autoplay = true;
        audio.srcObject = new MediaStream([track]);
        this.#players.set(name, { track, audio });
        void this.#useSpeaker(audio);
        this.#play(audio);
      }
    }
  }

  /** Begins to play after the person has touched the page. */
  resume(): void {
    void this.#context?.resume();
    this.#tell(false);
    for (const { audio } of this.#players.values()) {
      this.#play(audio);
    }
  }

  chooseSpeaker(deviceId: string): void {
    this.#speaker = deviceId;
    for (const { audio } of this.#players.values()) {
      void this.#useSpeaker(audio);
    }
  }

  /** How loud a track is now, from 0 to 1. Tracks that are not asked about any more are forgotten. */
  levels(tracks: ReadonlyMap<string, MediaStreamTrack>): ReadonlyMap<string, number> {
    for (const [name, meter] of this.#meters) {
      if (tracks.get(name) !== meter.track) {
        meter.close();
        this.#meters.delete(name);
      }
    }

    const levels = new Map<string, number>();
    for (const [name, track] of tracks) {
      let meter = this.#meters.get(name);
      if (meter === undefined && track.readyState === "live") {
        this.#context ??= new AudioContext();
        meter = new Meter(this.#context, track);
        this.#meters.set(name, meter);
      }

      levels.set(name, meter?.level() ?? 0);
    }

    return levels;
  }

  close(): void {
    this.draw(new Map());
    this.levels(new Map());
    void this.#context?.close();
    this.#context = null;
  }

  #play(audio: HTMLAudioElement): void {
    audio.play().catch((error: unknown) => {
      // An element that was let go of meanwhile is no matter.
      if (error instanceof DOMException && error.name === "NotAllowedError") {
        this.#tell(true);
      }
    });
  }

  async #useSpeaker(audio: HTMLAudioElement): Promise<void> {
    if (this.#speaker !== null && "setSinkId" in audio) {
      // A loudspeaker that was unplugged leaves the one that was in use.
      await audio.setSinkId(this.#speaker).catch(() => undefined);
    }
  }

  #tell(isBlocked: boolean): void {
    if (isBlocked !== this.#isBlocked) {
      this.#isBlocked = isBlocked;
      this.#blocked(isBlocked);
    }
  }
}

class Meter {
  readonly track: MediaStreamTrack;
  readonly #source: MediaStreamAudioSourceNode;
  readonly #analyser: AnalyserNode;
  readonly #wave: Float32Array<ArrayBuffer>;

  constructor(context: AudioContext, track: MediaStreamTrack) {
    this.track = track;
    this.#source = context.createMediaStreamSource(new MediaStream([track]));
    this.#analyser = context.createAnalyser();
    this.#analyser.fftSize = 512;
    this.#wave = new Float32Array(this.#analyser.fftSize);
    this.#source.connect(this.#analyser);
  }

  level(): number {
    this.#analyser.getFloatTimeDomainData(this.#wave);
    let sum = 0;
    for (const value of this.#wave) {
      sum += value * value;
    }

    // -60 dB is silence, -10 dB is as loud as speech gets.
    const decibels = 10 * Math.log10(sum / this.#wave.length + 1e-9);
    return Math.min(1, Math.max(0, (decibels + 60) / 50));
  }

  close(): void {
    this.#source.disconnect();
  }
}
