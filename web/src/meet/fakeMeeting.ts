import type {
  ChatMessage,
  Device,
  DeviceKind,
  LeaveReason,
  Meeting,
  MeetingEvent,
  MeetingNote,
  MeetingSnapshot,
  Person,
  Poll,
  Rights,
} from "../meeting/meeting";

export const hostRights: Rights = {
  mic: true,
  camera: true,
  screen: true,
  rename: true,
  chat: true,
  chatFiles: true,
  privateChat: true,
  seesPolls: true,
  createsPolls: true,
  votes: true,
  seesPeople: true,
  mutes: true,
  stopsCameras: true,
  kicks: true,
  pins: true,
  admits: true,
  grantsStage: true,
  goesLive: true,
  records: true,
};

export const guestRights: Rights = {
  ...hostRights,
  createsPolls: false,
  mutes: false,
  stopsCameras: false,
  kicks: false,
  pins: false,
  admits: false,
  grantsStage: false,
  goesLive: false,
  records: false,
};

export function person(id: string, name: string, more: Partial<Person> = {}): Person {
  return { id, userId: `user-${id}`, name, isSelf: false, stage: "on", hasMic: true, hasCamera: true, screen: null, isPinned: false, ...more };
}

/** A meeting without a server, for looking at the page. */
export class FakeMeeting implements Meeting {
  state: MeetingSnapshot;
  readonly #listener: (event: MeetingEvent) => void;
  readonly #pictureOf: (personId: string) => MediaStream | null;
  readonly #entry: "joined" | "waiting" | "never";

  constructor(
    state: MeetingSnapshot,
    listener: (event: MeetingEvent) => void,
    pictureOf: (personId: string) => MediaStream | null,
    entry: "joined" | "waiting" | "never" = "joined",
  ) {
    this.state = state;
    this.#listener = listener;
    this.#pictureOf = pictureOf;
    this.#entry = entry;
  }

  change(more: Partial<MeetingSnapshot>): void {
    this.state = { ...this.state, ...more };
    this.#listener({ kind: "changed" });
  }

  say(note: MeetingNote): void {
    this.#listener({ kind: "said", note });
  }

  putOut(reason: LeaveReason): void {
    this.#listener({ kind: "out", reason });
  }

  snapshot(): MeetingSnapshot {
    return this.state;
  }

  async join(): Promise<void> {
    if (this.#entry !== "never") {
      this.#listener({ kind: this.#entry });
    }
  }

  async leave(): Promise<void> {
    this.putOut("left");
  }

  async setMic(isOn: boolean): Promise<void> {
    this.change({ self: { ...this.state.self, hasMic: isOn && this.state.micFault === null } });
  }

  async setCamera(isOn: boolean): Promise<void> {
    this.change({ self: { ...this.state.self, hasCamera: isOn && this.state.cameraFault === null } });
  }

  async setScreen(isOn: boolean): Promise<void> {
    const screen = isOn ? (this.#pictureOf("screen")?.getVideoTracks()[0] ?? null) : null;
    this.change({ self: { ...this.state.self, screen } });
  }

  async devices(): Promise<readonly Device[]> {
    return [
      { id: "m1", kind: "mic", label: "Built-in microphone" },
      { id: "m2", kind: "mic", label: "USB microphone" },
      { id: "c1", kind: "camera", label: "FaceTime HD camera" },
      { id: "s1", kind: "speaker", label: "Built-in loudspeakers" },
    ];
  }

  currentDevice(kind: DeviceKind): string | null {
    return { mic: "m1", camera: "c1", speaker: "s1" }[kind];
  }

  async chooseDevice(): Promise<void> {}

  micTrack(): MediaStreamTrack | null {
    return this.state.self.hasMic ? (this.#pictureOf("mic")?.getAudioTracks()[0] ?? null) : null;
  }

  sounds(): ReadonlyMap<string, MediaStreamTrack> {
    const voice = this.#pictureOf("voice")?.getAudioTracks()[0];
    return voice === undefined || this.state.speakerId === null ? new Map() : new Map([[this.state.speakerId, voice]]);
  }

  attachCamera(personId: string, video: HTMLVideoElement): void {
    video.srcObject = this.#pictureOf(personId);
  }

  detachCamera(_: string, video: HTMLVideoElement): void {
    video.srcObject = null;
  }

  async sendText(text: string, to: string | null): Promise<void> {
    const { self, others, messages } = this.state;
    const recipient = others.find(({ id }) => id === to);
    this.change({
      messages: [
        ...messages,
        {
          id: `sent-${messages.length}`,
          userId: self.userId,
          name: self.name,
          at: new Date(),
          isPinned: false,
          isEdited: false,
          to: recipient === undefined ? null : [self.userId, recipient.userId],
          content: { kind: "text", text },
        },
      ],
    });
  }

  async sendFile(): Promise<void> {
    throw new Error("The server did not take it.");
  }

  async editText(messageId: string, text: string): Promise<void> {
    this.#changeMessage(messageId, (message) => ({ ...message, isEdited: true, content: { kind: "text", text } }));
  }

  async deleteMessage(messageId: string): Promise<void> {
    this.change({ messages: this.state.messages.filter(({ id }) => id !== messageId) });
  }

  async pinMessage(messageId: string, isPinned: boolean): Promise<void> {
    this.#changeMessage(messageId, (message) => ({ ...message, isPinned }));
  }

  async createPoll(question: string, options: readonly string[], isAnonymous: boolean, hidesVotes: boolean): Promise<void> {
    const poll: Poll = {
      id: `poll-${this.state.polls.length}`,
      question,
      by: this.state.self.name,
      isAnonymous,
      hidesVotes,
      options: options.map((text) => ({ text, count: 0, voters: [], isMine: false })),
      hasVoted: false,
      votes: 0,
    };
    this.change({ polls: [...this.state.polls, poll] });
  }

  async vote(pollId: string, option: number): Promise<void> {
    const vote = (poll: Poll): Poll => ({
      ...poll,
      hasVoted: true,
      votes: poll.votes + 1,
      options: poll.options.map((each, at) =>
        at === option ? { ...each, count: each.count + 1, isMine: true, voters: [...each.voters, this.state.self.name] } : each,
      ),
    });
    this.change({ polls: this.state.polls.map((poll) => (poll.id === pollId ? vote(poll) : poll)) });
  }

  async mute(personId: string): Promise<void> {
    this.#changePerson(personId, { hasMic: false });
  }

  async muteAll(): Promise<void> {
    this.change({ others: this.state.others.map((each) => ({ ...each, hasMic: false })) });
  }

  async stopCamera(personId: string): Promise<void> {
    this.#changePerson(personId, { hasCamera: false });
  }

  async kick(personId: string): Promise<void> {
    this.change({ others: this.state.others.filter(({ id }) => id !== personId) });
  }

  async endForAll(): Promise<void> {
    this.putOut("ended");
  }

  async pin(personId: string | null): Promise<void> {
    this.change({ others: this.state.others.map((each) => ({ ...each, isPinned: each.id === personId })) });
  }

  async admit(userIds: readonly string[]): Promise<void> {
    this.change({ waitingRoom: this.state.waitingRoom.filter(({ userId }) => !userIds.includes(userId)) });
  }

  async reject(rejected: string): Promise<void> {
    this.change({ waitingRoom: this.state.waitingRoom.filter(({ userId }) => userId !== rejected) });
  }

  async goLive(): Promise<void> {
    this.change({ onAir: { ...this.state.onAir, live: "on", watchUrl: "https://localhost:8443/watch/00000000-0000-4000-8000-000000000000" } });
  }

  async endLive(): Promise<void> {
    this.change({ onAir: { ...this.state.onAir, live: "off" } });
  }

  async record(): Promise<void> {
    this.change({ onAir: { ...this.state.onAir, recording: "on" } });
  }

  async pauseRecording(): Promise<void> {
    this.change({ onAir: { ...this.state.onAir, recording: "paused" } });
  }

  async stopRecording(): Promise<void> {
    this.change({ onAir: { ...this.state.onAir, recording: "off" } });
  }

  async requestStage(): Promise<void> {
    this.change({ self: { ...this.state.self, stage: "requested" } });
  }

  async cancelStageRequest(): Promise<void> {
    this.change({ self: { ...this.state.self, stage: "off" } });
  }

  async joinStage(): Promise<void> {
    this.change({ self: { ...this.state.self, stage: "on" } });
  }

  async leaveStage(): Promise<void> {
    this.change({ self: { ...this.state.self, stage: "off" } });
  }

  async grantStage(granted: string): Promise<void> {
    this.change({ stageRequests: this.state.stageRequests.filter(({ userId }) => userId !== granted) });
  }

  async denyStage(denied: string): Promise<void> {
    this.change({ stageRequests: this.state.stageRequests.filter(({ userId }) => userId !== denied) });
  }

  async sendOffStage(): Promise<void> {}

  #changeMessage(messageId: string, change: (message: ChatMessage) => ChatMessage): void {
    this.change({ messages: this.state.messages.map((each) => (each.id === messageId ? change(each) : each)) });
  }

  #changePerson(personId: string, more: Partial<Person>): void {
    this.change({ others: this.state.others.map((each) => (each.id === personId ? { ...each, ...more } : each)) });
  }
}
