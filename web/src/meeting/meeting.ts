/** Where somebody stands towards the stage. */
export type StageStatus = "off" | "requested" | "accepted" | "on";

/** Somebody in the meeting. */
export interface Person {
  /** Of the peer: one presence in the session. */
  readonly id: string;
  /** Of the participant, which stays the same through reconnects. */
  readonly userId: string;
  readonly name: string;
  readonly isSelf: boolean;
  readonly stage: StageStatus;
  readonly hasMic: boolean;
  readonly hasCamera: boolean;
  /** The screen that is being shared; null when none is. */
  readonly screen: MediaStreamTrack | null;
  readonly isPinned: boolean;
}

/** Somebody who waits to be let in, or to be let onto the stage. */
export interface Waiting {
  /** What the answer is addressed to. */
  readonly userId: string;
  readonly name: string;
}

export interface ChatMessage {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  readonly at: Date;
  readonly isPinned: boolean;
  readonly isEdited: boolean;
  /** User ids it is meant for; null when it is for everybody. */
  readonly to: readonly string[] | null;
  readonly content: ChatContent;
}

export type ChatContent =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "image"; readonly link: string }
  | { readonly kind: "file"; readonly link: string; readonly name: string; readonly bytes: number };

export interface Poll {
  readonly id: string;
  readonly question: string;
  readonly by: string;
  readonly isAnonymous: boolean;
  /** Whether results are kept from those who have not voted. */
  readonly hidesVotes: boolean;
  readonly options: readonly PollOption[];
  readonly hasVoted: boolean;
  readonly votes: number;
}

export interface PollOption {
  readonly text: string;
  readonly count: number;
  readonly voters: readonly string[];
  readonly isMine: boolean;
}

/** What the preset allows. The server holds to it as well; here it only says what to offer. */
export interface Rights {
  readonly mic: boolean;
  readonly camera: boolean;
  readonly screen: boolean;
  readonly rename: boolean;
  readonly chat: boolean;
  readonly chatFiles: boolean;
  readonly privateChat: boolean;
  readonly seesPolls: boolean;
  readonly createsPolls: boolean;
  readonly votes: boolean;
  readonly seesPeople: boolean;
  readonly mutes: boolean;
  readonly stopsCameras: boolean;
  readonly kicks: boolean;
  readonly pins: boolean;
  readonly admits: boolean;
  readonly grantsStage: boolean;
  readonly goesLive: boolean;
  readonly records: boolean;
}

/** Own place towards the stage. */
export interface StagePlace {
  /** Whether this meeting has a stage at all. */
  readonly isInForce: boolean;
  readonly access: "allowed" | "onRequest" | "denied";
}

/** What somebody has of the meeting who watches it as a livestream. */
export interface LivestreamPlace {
  readonly isLive: boolean;
  /** Where it is played from, at this page's own origin where that is the same host; null while it is not known. */
  readonly url: string | null;
}

/** How far something is that leaves the meeting; `waiting` is for an encoder that somebody has to start. */
export type OnAirState = "off" | "starting" | "waiting" | "on" | "paused" | "stopping";

/** What leaves the meeting. Everybody in it is told, for they are seen and heard there. */
export interface OnAir {
  readonly live: OnAirState;
  /** The page to watch it at; null while there is none that is known. */
  readonly watchUrl: string | null;
  readonly recording: OnAirState;
}

export type DeviceKind = "mic" | "camera" | "speaker";

export interface Device {
  readonly id: string;
  readonly kind: DeviceKind;
  readonly label: string;
}

/** Why a device does not work; null when it does or was not asked for. */
export type DeviceFault = "denied" | "missing" | "busy" | null;

/** How the way to the server is. */
export type Connection = "steady" | "reconnecting";

/** All that there is to draw of a meeting at one moment. */
export interface MeetingSnapshot {
  readonly title: string;
  readonly startedAt: Date | null;
  readonly self: Person;
  /** The others, in the order in which they came. */
  readonly others: readonly Person[];
  /** Who spoke last. */
  readonly speakerId: string | null;
  readonly rights: Rights;
  readonly stage: StagePlace;
  /** Null for those who are in the meeting itself. */
  readonly livestream: LivestreamPlace | null;
  readonly onAir: OnAir;
  readonly stageRequests: readonly Waiting[];
  readonly waitingRoom: readonly Waiting[];
  readonly messages: readonly ChatMessage[];
  readonly polls: readonly Poll[];
  readonly micFault: DeviceFault;
  readonly cameraFault: DeviceFault;
  readonly connection: Connection;
}

/** Whether devices may be turned on now: who is in the audience has to come on stage first. */
export function mayPublish({ stage, self }: MeetingSnapshot): boolean {
  return !stage.isInForce || self.stage === "on" || stage.access === "allowed";
}

/** Why one is out of the meeting. */
export type LeaveReason = "left" | "kicked" | "rejected" | "ended" | "failed";

export type MeetingEvent =
  | { readonly kind: "changed" }
  | { readonly kind: "joined" }
  | { readonly kind: "waiting" }
  | { readonly kind: "out"; readonly reason: LeaveReason }
  /** Something that is worth a word: a person came or went, a request was answered. */
  | { readonly kind: "said"; readonly note: MeetingNote };

export type MeetingNote =
  | { readonly kind: "came" | "went"; readonly name: string }
  | { readonly kind: "wrote"; readonly message: ChatMessage }
  | { readonly kind: "asked"; readonly name: string; readonly what: "entry" | "stage" }
  | { readonly kind: "pollOpened"; readonly poll: Poll }
  | { readonly kind: "mutedByHost" | "cameraStoppedByHost" | "stageGranted" | "stageDenied" }
  | { readonly kind: "wentLive" | "liveEnded" | "recordingStarted" | "recordingPaused" | "recordingEnded" };

/** Why one could not get in. */
export type EntryFault = "refused" | "unreachable" | "noMedia" | "other";

export class EntryError extends Error {
  constructor(
    readonly fault: EntryFault,
    message: string,
  ) {
    super(message);
  }
}

/** One meeting as this page takes part in it. Only its maker knows the client package behind it. */
export interface Meeting {
  snapshot(): MeetingSnapshot;
  /** @throws EntryError */
  join(name: string): Promise<void>;
  leave(): Promise<void>;

  setMic(isOn: boolean): Promise<void>;
  setCamera(isOn: boolean): Promise<void>;
  setScreen(isOn: boolean): Promise<void>;
  devices(): Promise<readonly Device[]>;
  /** The device in use; null while none is. */
  currentDevice(kind: DeviceKind): string | null;
  chooseDevice(device: Device): Promise<void>;
  /** Own sound as it goes out; null while the microphone is off. */
  micTrack(): MediaStreamTrack | null;
  /** What is to be heard of the others, by a name of its own for each track. */
  sounds(): ReadonlyMap<string, MediaStreamTrack>;

  /** Shows a person's camera in an element, and asks for a layer that fits its size. */
  attachCamera(personId: string, video: HTMLVideoElement): void;
  detachCamera(personId: string, video: HTMLVideoElement): void;

  /** @param to peer id of the only one to read it; null for everybody. */
  sendText(text: string, to: string | null): Promise<void>;
  sendFile(file: File, to: string | null): Promise<void>;
  editText(messageId: string, text: string): Promise<void>;
  deleteMessage(messageId: string): Promise<void>;
  pinMessage(messageId: string, isPinned: boolean): Promise<void>;

  createPoll(question: string, options: readonly string[], isAnonymous: boolean, hidesVotes: boolean): Promise<void>;
  vote(pollId: string, option: number): Promise<void>;

  mute(personId: string): Promise<void>;
  muteAll(): Promise<void>;
  stopCamera(personId: string): Promise<void>;
  kick(personId: string): Promise<void>;
  endForAll(): Promise<void>;
  /** Puts a person before everybody's eyes; null takes the pin away. */
  pin(personId: string | null): Promise<void>;
  admit(userIds: readonly string[]): Promise<void>;
  reject(userId: string): Promise<void>;

  goLive(): Promise<void>;
  endLive(): Promise<void>;
  /** Begins a recording, or goes on with one that is paused. */
  record(): Promise<void>;
  pauseRecording(): Promise<void>;
  stopRecording(): Promise<void>;

  requestStage(): Promise<void>;
  cancelStageRequest(): Promise<void>;
  joinStage(): Promise<void>;
  leaveStage(): Promise<void>;
  grantStage(userId: string): Promise<void>;
  denyStage(userId: string): Promise<void>;
  sendOffStage(userId: string): Promise<void>;
}

/** Makes a meeting known to this page, without joining it yet. */
export type MeetingOpener = (listener: (event: MeetingEvent) => void) => Promise<Meeting>;
