// What a program that checks a server needs: it says lines of JSON, waits with patience, and notes what its handlers are called with.
const patienceMs = 240_000;

export const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export const until = async (what, holds) => {
  const end = Date.now() + patienceMs;
  for (;;) {
    const value = await holds();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${typeof what === 'function' ? what() : what} did not come about`);
    await pause(50);
  }
};

// An id that nothing has.
export const nobody = '0b3b4a52-9f1c-4f77-8df0-fd0e6ac2a001';

export const layersOf = (what) => (what.layout ?? what).layers ?? [];

// The rejection of a call, which is the server's result.
export const refused = async (call) => {
  try {
    await call();
  } catch (fault) {
    return String(fault.code ?? fault.message);
  }
  throw new Error('it was not refused');
};

// The SDK gives the same object each time and changes it: what stands in it is kept as it was when the handler was called.
const properties = [
  'id', 'roomId', 'roomSessionId', 'name', 'displayName', 'state', 'url', 'updated', 'meta', 'total', 'hasEnded', 'startedAt', 'endedAt', 'duration',
  'locked', 'streaming', 'recording', 'layoutName', 'prioritizeHandraise', 'hideVideoMuted', 'audioMuted', 'videoMuted', 'visible', 'deaf', 'talking',
  'handraised', 'inputVolume', 'inputSensitivity', 'requestedPosition', 'currentPosition', 'position', 'volume', 'seekable', 'layout', 'layers',
];

export class Ear {
  heard = [];

  note = (name) => (what) => {
    this.heard.push({ name, what: Object.fromEntries(properties.filter((each) => what?.[each] !== undefined).map((each) => [each, what[each]])) });
  };

  // What was heard first of a name from a place on that is as wanted.
  hear = async (name, from, wanted = () => true) => {
    const found = () => this.heard.slice(from).find((each) => each.name === name && wanted(each.what));
    return (await until(() => `${name} (heard: ${this.heard.slice(from).map((each) => each.name).join(', ')})`, found)).what;
  };

  // Does something, and waits for what is heard of it: what was heard before it does not count.
  after = async (act, name, wanted) => {
    const from = this.length;
    await act();
    return this.hear(name, from, wanted);
  };

  count = (name, from) => this.heard.slice(from).filter((each) => each.name === name).length;

  get length() {
    return this.heard.length;
  }
}

// Runs checks one after the other, and says of each how it went.
export class Checks {
  #all = [];

  add = (name, run) => this.#all.push({ name, run });

  async run() {
    for (const { name, run } of this.#all) {
      let fault = null;
      try {
        await run();
      } catch (thrown) {
        fault = thrown?.stack ?? JSON.stringify(thrown);
      }

      say({ what: 'check', name, fault });
    }
  }
}
