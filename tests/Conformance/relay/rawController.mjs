// A controller without the SDK, which shows what the server really sends. It acknowledges what it hears.
import WebSocket from 'ws';

export class RawController {
  static #open = new Set();

  events = [];
  #asked = 0;
  #waiting = new Map();
  #socket;

  static async connect({ host, project, token }) {
    const made = new RawController();
    RawController.#open.add(made);
    made.#socket = new WebSocket(host);
    made.#socket.on('message', (text) => made.#take(JSON.parse(text)));
    await new Promise((opened, failed) => made.#socket.on('open', opened).on('error', failed));
    await made.ask('signalwire.connect', { version: { major: 3, minor: 0, revision: 0 }, event_acks: true, authentication: { project, token } });
    return made;
  }

  ask(method, params) {
    const id = `c${++this.#asked}`;
    const answer = new Promise((give) => this.#waiting.set(id, give));
    this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return answer;
  }

  // The code of the answer: that of an error, or of the result.
  async codeOf(method, params) {
    const answer = await this.ask(method, params);
    return String(answer.error?.code ?? answer.result.code);
  }

  close() {
    RawController.#open.delete(this);
    this.#socket.close();
  }

  // Those that a check has left open, since it failed: the program would not end.
  static closeAll() {
    RawController.#open.forEach((each) => each.close());
  }

  #take(frame) {
    if (!frame.method) {
      this.#waiting.get(frame.id)?.(frame);
      this.#waiting.delete(frame.id);
      return;
    }

    this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id: frame.id, result: {} }));
    if (frame.method === 'signalwire.event') {
      this.events.push({ type: frame.params.event_type, channel: frame.params.event_channel, body: frame.params.params });
    }
  }
}
