import type {
  HeartbeatAnswer,
  HeartbeatReport,
  LivestreamClient,
  LivestreamStatus,
  StatusAnswer,
  StreamState,
  ViewerTicket,
} from "./livestream";

/** A server without a network, for tests. */
export class FakeClient implements LivestreamClient {
  answer: StatusAnswer = { kind: "unreachable" };
  beatAnswer: HeartbeatAnswer | null = null;
  ticket: ViewerTicket | null = { viewer: "v1", token: "t1", intervalMs: 4_000 };
  readonly beats: (HeartbeatReport & { viewer: string })[] = [];
  readonly left: string[] = [];
  readonly numbers: number[] = [];
  asked = 0;
  added = 0;

  is(state: StreamState, viewers = 1): void {
    const status: LivestreamStatus = { state, name: "Harbour", viewers, startedAt: null };
    this.answer = { kind: "found", status };
    this.beatAnswer = { kind: "taken", intervalMs: 4_000, state, viewers };
  }

  async getStatus(): Promise<StatusAnswer> {
    this.asked++;
    return this.answer;
  }

  async addViewer(): Promise<ViewerTicket | null> {
    this.added++;
    return this.ticket;
  }

  async beat(ticket: ViewerTicket, report: HeartbeatReport, number: number): Promise<HeartbeatAnswer> {
    this.numbers.push(number);
    this.beats.push({ ...report, viewer: ticket.viewer });
    return this.beatAnswer ?? { kind: "taken", intervalMs: ticket.intervalMs, state: null, viewers: null };
  }

  leave(ticket: ViewerTicket, number: number): void {
    this.numbers.push(number);
    this.left.push(ticket.viewer);
  }
}
