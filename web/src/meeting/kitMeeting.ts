import type RealtimeKitClient from "@cloudflare/realtimekit";
import type { Message, RTKParticipant, StageStatus as KitStageStatus } from "@cloudflare/realtimekit";
import {
  type ChatContent,
  type ChatMessage,
  type Device,
  type DeviceFault,
  type DeviceKind,
  EntryError,
  type EntryFault,
  type LeaveReason,
  type LivestreamPlace,
  type Meeting,
  type MeetingEvent,
  type MeetingNote,
  type MeetingSnapshot,
  type OnAir,
  type OnAirState,
  type Person,
  type Poll,
  type Rights,
  type StagePlace,
  type StageStatus,
  type Waiting,
} from "./meeting";
import { watchUrlOf } from "./address";

type Kit = RealtimeKitClient;
type Listener = (event: MeetingEvent) => void;

/** Most cameras that are received at once, on a screen that has the room and on one that has not. */
const mostCameras = 24;
const mostCamerasOnPhone = 8;

const stages: Record<KitStageStatus, StageStatus> = {
  OFF_STAGE: "off",
  REQUESTED_TO_JOIN_STAGE: "requested",
  ACCEPTED_TO_JOIN_STAGE: "accepted",
  ON_STAGE: "on",
};

const kinds = { audioinput: "mic", videoinput: "camera", audiooutput: "speaker" } as const;

const liveStates: Record<Kit["livestream"]["state"], OnAirState> = {
  IDLE: "off",
  STARTING: "starting",
  WAITING_ON_MANUAL_INGESTION: "waiting",
  LIVESTREAMING: "on",
  STOPPING: "stopping",
};

const recordingStates: Record<Kit["recording"]["recordingState"], OnAirState> = {
  IDLE: "off",
  STARTING: "starting",
  RECORDING: "on",
  PAUSED: "paused",
  STOPPING: "stopping",
};

const outReasons: Record<string, LeaveReason> = {
  left: "left",
  kicked: "kicked",
  rejected: "rejected",
  ended: "ended",
  failed: "failed",
};

/**
 * Opens a meeting with the official client package.
 * @param baseUri what `api.` and `socket-edge.` stand in front of.
 * @throws EntryError
 */
export async function openKitMeeting(token: string, baseUri: string, isPhone: boolean, listener: Listener): Promise<Meeting> {
  const { default: client } = await import("@cloudflare/realtimekit").catch(() => {
    throw new EntryError("unreachable", "The meeting client could not be loaded.");
  });
  try {
    const kit = await client.init({
      authToken: token,
      baseURI: baseUri,
      // Devices are asked for when somebody turns them on, so that a refusal is not a refusal of the meeting.
      defaults: { audio: false, video: false },
      modules: { tracing: false, devTools: { logs: wantsLogs(), logLevel: "off" } },
    });
    return new KitMeeting(kit, isPhone, listener);
  } catch (error) {
    throw entryError(error);
  }
}

/** Whether the client is to say in the console what it does: with <code>localStorage.clientLogs = "on"</code>, to look for a fault. */
function wantsLogs(): boolean {
  try {
    return localStorage.getItem("clientLogs") === "on";
  } catch {
    return false; // A page without storage.
  }
}

/** A page from over TLS may not fetch without: the server is the same by either way. */
function reachable(url: string): string {
  const address = new URL(url);
  return address.hostname === location.hostname ? `${location.origin}${address.pathname}${address.search}` : url;
}

/** The package has one for presets of the view LIVESTREAM alone, whatever its types say. */
function livestreamOf(kit: Kit): Kit["livestream"] | undefined {
  return kit.livestream;
}

/** As with livestreams, none where the package leaves it out. */
function recordingOf(kit: Kit): Kit["recording"] | undefined {
  return kit.recording;
}

function entryError(error: unknown): EntryError {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  const faults: Record<string, EntryFault> = { "0004": "refused", "0001": "unreachable", "0002": "unreachable", "0011": "unreachable", "0012": "unreachable", "0014": "noMedia" };
  return new EntryError(faults[code] ?? "other", error instanceof Error ? error.message : String(error));
}

/** A meeting over the official client package. */
class KitMeeting implements Meeting {
  readonly #listener: Listener;
  readonly #isPhone: boolean;
  readonly #messages = new WeakMap<Message, { key: string; message: ChatMessage }>();
  #kit: Kit;
  #isOut = false;
  #hasJoined = false;
  #micWanted = false;
  #cameraWanted = false;
  #entryAsked = new Set<string>();
  #stageAsked = new Set<string>();

  constructor(kit: Kit, isPhone: boolean, listener: Listener) {
    this.#kit = kit;
    this.#isPhone = isPhone;
    this.#listener = listener;
    this.#listen(kit);
  }

  snapshot(): MeetingSnapshot {
    const { self, participants, meta, chat, polls } = this.#kit;
    const rights = this.#rights();
    const started: unknown = meta.meetingStartedTimestamp;
    return {
      title: meta.meetingTitle ?? "",
      startedAt: started instanceof Date && !Number.isNaN(started.getTime()) ? started : null,
      self: {
        id: self.id,
        userId: self.userId,
        name: self.name ?? "",
        isSelf: true,
        stage: stages[self.stageStatus] ?? "off",
        hasMic: self.audioEnabled,
        hasCamera: self.videoEnabled,
        screen: self.screenShareEnabled ? (self.screenShareTracks?.video ?? null) : null,
        isPinned: self.isPinned,
      },
      others: participants.joined.toArray().map(personOf),
      speakerId: participants.lastActiveSpeaker ?? null,
      rights,
      stage: this.#stagePlace(),
      livestream: this.#livestreamPlace(),
      onAir: this.#onAir(),
      stageRequests: this.#stageRequests(rights),
      waitingRoom: rights.admits ? participants.waitlisted.toArray().map(({ userId, name }) => ({ userId, name })) : [],
      messages: (chat?.messages ?? []).map((message) => this.#message(message)).filter((message) => message !== null),
      polls: (polls?.items ?? []).map((poll) => pollOf(poll, self.userId)),
      micFault: faultOf(self.mediaPermissions?.audio),
      cameraFault: faultOf(self.mediaPermissions?.video),
      connection: this.#isSteady() ? "steady" : "reconnecting",
    };
  }

  /** Those whose preset is for livestreams watch one until they come on stage. */
  #livestreamPlace(): LivestreamPlace | null {
    const { self } = this.#kit;
    const livestream = livestreamOf(this.#kit);
    if (livestream === undefined || self.config?.viewType !== "LIVESTREAM" || stages[self.stageStatus] === "on" || self.permissions.canProduceVideo === "ALLOWED") {
      return null;
    }

    return { isLive: livestream.state === "LIVESTREAMING", url: livestream.playbackUrl ? reachable(livestream.playbackUrl) : null };
  }

  #onAir(): OnAir {
    const livestream = livestreamOf(this.#kit);
    return {
      live: livestream === undefined ? "off" : (liveStates[livestream.state] ?? "off"),
      watchUrl: livestream?.playbackUrl ? watchUrlOf(livestream.playbackUrl) : null,
      recording: recordingStates[recordingOf(this.#kit)?.recordingState ?? "IDLE"] ?? "off",
    };
  }

  async join(name: string): Promise<void> {
    const { self, participants } = this.#kit;
    try {
      if (name !== "" && name !== self.name && self.permissions.canEditDisplayName) {
        self.setName(name);
      }

      await this.#kit.join();
      if (this.#kit.self.roomState === "joined") {
        participants.setMaxActiveParticipantsCount(this.#isPhone ? mostCamerasOnPhone : mostCameras);
      }
    } catch (error) {
      throw entryError(error);
    }
  }

  async leave(): Promise<void> {
    await this.#kit.leave();
    this.#out("left");
  }

  async setMic(isOn: boolean): Promise<void> {
    this.#micWanted = isOn;
    await (isOn ? this.#kit.self.enableAudio() : this.#kit.self.disableAudio());
    this.#changed();
  }

  async setCamera(isOn: boolean): Promise<void> {
    this.#cameraWanted = isOn;
    await (isOn ? this.#kit.self.enableVideo() : this.#kit.self.disableVideo());
    this.#changed();
  }

  async setScreen(isOn: boolean): Promise<void> {
    await (isOn ? this.#kit.self.enableScreenShare() : this.#kit.self.disableScreenShare());
    this.#changed();
  }

  async devices(): Promise<readonly Device[]> {
    const all: readonly MediaDeviceInfo[] = await this.#kit.self.getAllDevices();
    return all
      .filter(({ deviceId }) => deviceId !== "")
      .map(({ deviceId, kind, label }) => ({ id: deviceId, kind: kinds[kind], label: label || "Unnamed device" }));
  }

  currentDevice(kind: DeviceKind): string | null {
    const { audio, video, speaker } = this.#kit.self.getCurrentDevices() ?? {};
    const device = kind === "mic" ? audio : kind === "camera" ? video : speaker;
    return device?.deviceId ?? null;
  }

  async chooseDevice(device: Device): Promise<void> {
    const all: readonly MediaDeviceInfo[] = await this.#kit.self.getAllDevices();
    const chosen = all.find(({ deviceId, kind }) => deviceId === device.id && kinds[kind] === device.kind);
    if (chosen !== undefined) {
      await this.#kit.self.setDevice(chosen);
    }

    this.#changed();
  }

  micTrack(): MediaStreamTrack | null {
    const { self } = this.#kit;
    return self.audioEnabled ? (self.audioTrack ?? null) : null;
  }

  sounds(): ReadonlyMap<string, MediaStreamTrack> {
    const sounds = new Map<string, MediaStreamTrack>();
    for (const { id, audioEnabled, audioTrack, screenShareEnabled, screenShareTracks } of this.#kit.participants.joined.toArray()) {
      if (audioEnabled && audioTrack) {
        sounds.set(id, audioTrack);
      }

      if (screenShareEnabled && screenShareTracks?.audio) {
        sounds.set(`${id}/screen`, screenShareTracks.audio);
      }
    }

    return sounds;
  }

  attachCamera(personId: string, video: HTMLVideoElement): void {
    if (personId === this.#kit.self.id) {
      this.#kit.self.registerVideoElement(video);
    } else {
      this.#kit.participants.joined.get(personId)?.registerVideoElement(video);
    }
  }

  detachCamera(personId: string, video: HTMLVideoElement): void {
    if (personId === this.#kit.self.id) {
      this.#kit.self.deregisterVideoElement(video);
    } else {
      this.#kit.participants.joined.get(personId)?.deregisterVideoElement(video);
    }
  }

  sendText(text: string, to: string | null): Promise<void> {
    return this.#kit.chat.sendTextMessage(text, to === null ? [] : [to]);
  }

  sendFile(file: File, to: string | null): Promise<void> {
    const peers = to === null ? [] : [to];
    const isImage = ["image/png", "image/jpeg", "image/gif"].includes(file.type);
    return isImage ? this.#kit.chat.sendImageMessage(file, peers) : this.#kit.chat.sendFileMessage(file, peers);
  }

  editText(messageId: string, text: string): Promise<void> {
    return this.#kit.chat.editTextMessage(messageId, text);
  }

  deleteMessage(messageId: string): Promise<void> {
    return this.#kit.chat.deleteMessage(messageId);
  }

  pinMessage(messageId: string, isPinned: boolean): Promise<void> {
    return isPinned ? this.#kit.chat.pin(messageId) : this.#kit.chat.unpin(messageId);
  }

  createPoll(question: string, options: readonly string[], isAnonymous: boolean, hidesVotes: boolean): Promise<void> {
    return this.#kit.polls.create(question, [...options], isAnonymous, hidesVotes);
  }

  vote(pollId: string, option: number): Promise<void> {
    return this.#kit.polls.vote(pollId, option);
  }

  async mute(personId: string): Promise<void> {
    await this.#participant(personId)?.disableAudio();
  }

  muteAll(): Promise<void> {
    return this.#kit.participants.disableAllAudio(true);
  }

  async stopCamera(personId: string): Promise<void> {
    await this.#participant(personId)?.disableVideo();
  }

  async kick(personId: string): Promise<void> {
    await this.#participant(personId)?.kick();
  }

  endForAll(): Promise<void> {
    return this.#kit.participants.kickAll();
  }

  async pin(personId: string | null): Promise<void> {
    const { self, participants } = this.#kit;
    if (personId === self.id) {
      await self.pin();
    } else if (personId !== null) {
      await this.#participant(personId)?.pin();
    } else if (self.isPinned) {
      await self.unpin();
    } else {
      await Promise.all(participants.pinned.toArray().map((each) => each.unpin()));
    }
  }

  admit(userIds: readonly string[]): Promise<void> {
    return this.#kit.participants.acceptAllWaitingRoomRequest([...userIds]);
  }

  reject(userId: string): Promise<void> {
    return this.#kit.participants.rejectWaitingRoomRequest(userId);
  }

  goLive(): Promise<void> {
    return this.#kit.livestream.start();
  }

  endLive(): Promise<void> {
    return this.#kit.livestream.stop();
  }

  record(): Promise<void> {
    const { recording } = this.#kit;
    return recording.recordingState === "PAUSED" ? recording.resume() : recording.start();
  }

  pauseRecording(): Promise<void> {
    return this.#kit.recording.pause();
  }

  stopRecording(): Promise<void> {
    return this.#kit.recording.stop();
  }

  requestStage(): Promise<void> {
    return this.#kit.stage.requestAccess();
  }

  cancelStageRequest(): Promise<void> {
    return this.#kit.stage.cancelRequestAccess();
  }

  joinStage(): Promise<void> {
    return this.#kit.stage.join();
  }

  leaveStage(): Promise<void> {
    return this.#kit.stage.leave();
  }

  grantStage(userId: string): Promise<void> {
    return this.#kit.stage.grantAccess([userId]);
  }

  denyStage(userId: string): Promise<void> {
    return this.#kit.stage.denyAccess([userId]);
  }

  async sendOffStage(userId: string): Promise<void> {
    await this.#kit.stage.kick([userId]);
  }

  #listen(kit: Kit): void {
    const { self, participants, chat, polls, meta, stage, connectedMeetings } = kit;
    const changed = () => this.#changed();
    self.on("roomJoined", () => {
      this.#hasJoined = true;
      this.#listener({ kind: "joined" });
    });
    self.on("waitlisted", () => this.#listener({ kind: "waiting" }));
    self.on("roomLeft", ({ state }) => {
      // While the way to the server is lost the client comes back by itself.
      const reason = outReasons[state];
      if (reason !== undefined) {
        this.#out(reason);
      } else {
        changed();
      }
    });
    self.on("audioUpdate", ({ audioEnabled }) => {
      if (!audioEnabled && this.#micWanted && this.#hasJoined && !this.#isOut && self.roomJoined) {
        this.#micWanted = false;
        this.#say({ kind: "mutedByHost" });
      }

      changed();
    });
    self.on("videoUpdate", ({ videoEnabled }) => {
      if (!videoEnabled && this.#cameraWanted && this.#hasJoined && !this.#isOut && self.roomJoined) {
        this.#cameraWanted = false;
        this.#say({ kind: "cameraStoppedByHost" });
      }

      changed();
    });
    self.on("screenShareUpdate", changed);
    let { live, recording } = this.#onAir();
    const onAirChanged = () => {
      const now = this.#onAir();
      const notes = [onAirNote(live, now.live, "wentLive", "wentLive", "liveEnded"), onAirNote(recording, now.recording, "recordingStarted", "recordingPaused", "recordingEnded")];
      ({ live, recording } = now);
      for (const note of notes) {
        if (note !== null && this.#hasJoined) {
          this.#say(note);
        }
      }

      changed();
    };
    livestreamOf(kit)?.on("livestreamUpdate", onAirChanged);
    recordingOf(kit)?.on("recordingUpdate", onAirChanged);
    self.on("deviceListUpdate", changed);
    self.on("deviceUpdate", changed);
    self.on("mediaPermissionError", changed);
    self.on("mediaPermissionUpdate", changed);
    self.on("pinned", changed);
    self.on("unpinned", changed);
    self.permissions.on("*", changed);

    // Everything of every participant passes through the map of the joined.
    participants.joined.on("*", changed);
    participants.joined.on("participantJoined", ({ name }) => this.#hasJoined && this.#say({ kind: "came", name }));
    participants.joined.on("participantLeft", ({ name }) => this.#hasJoined && this.#isSteady() && this.#say({ kind: "went", name }));
    participants.pinned.on("*", changed);
    participants.active.on("*", changed);
    participants.waitlisted.on("*", changed);
    participants.waitlisted.on("participantJoined", ({ userId, name }) => {
      if (self.permissions.acceptWaitingRequests && !this.#entryAsked.has(userId)) {
        this.#entryAsked.add(userId);
        this.#say({ kind: "asked", name, what: "entry" });
      }
    });
    participants.waitlisted.on("participantLeft", ({ userId }) => this.#entryAsked.delete(userId));
    participants.on("activeSpeaker", changed);

    chat?.on("chatUpdate", ({ action, message }) => {
      const wrote = action === "add" ? this.#message(message) : null;
      if (wrote !== null && wrote.userId !== self.userId) {
        this.#say({ kind: "wrote", message: wrote });
      }

      changed();
    });
    chat?.on("pinMessage", changed);
    chat?.on("unpinMessage", changed);
    polls?.on("pollsUpdate", ({ polls: items, newPoll }) => {
      const poll = items.at(-1);
      if (newPoll && poll !== undefined && poll.createdByUserId !== self.userId) {
        this.#say({ kind: "pollOpened", poll: pollOf(poll, self.userId) });
      }

      changed();
    });
    meta.on("socketConnectionUpdate", changed);
    meta.on("mediaConnectionUpdate", changed);
    meta.on("meetingStartTimeUpdate", changed);
    stage?.on("stageStatusUpdate", changed);
    stage?.on("stageRequestApproved", () => this.#say({ kind: "stageGranted" }));
    stage?.on("stageRequestRejected", () => this.#say({ kind: "stageDenied" }));
    stage?.on("stageAccessRequestUpdate", (requests) => {
      for (const { userId, displayName } of requests ?? []) {
        if (!this.#stageAsked.has(userId)) {
          this.#say({ kind: "asked", name: displayName, what: "stage" });
        }
      }

      this.#stageAsked = new Set((requests ?? []).map(({ userId }) => userId));
      changed();
    });
    // The client moved to a connected meeting, and with that to another object.
    connectedMeetings?.on("meetingChanged", (moved) => {
      this.#kit = moved;
      this.#listen(moved);
      this.#listener({ kind: "joined" });
    });
  }

  #participant(personId: string): RTKParticipant | undefined {
    return this.#kit.participants.joined.get(personId);
  }

  #changed(): void {
    if (!this.#isOut) {
      this.#listener({ kind: "changed" });
    }
  }

  #say(note: MeetingNote): void {
    if (!this.#isOut) {
      this.#listener({ kind: "said", note });
    }
  }

  #out(reason: LeaveReason): void {
    if (!this.#isOut) {
      this.#isOut = true;
      this.#listener({ kind: "out", reason });
    }
  }

  #isSteady(): boolean {
    const { socketState, mediaState } = this.#kit.meta;
    if (!this.#hasJoined) {
      return true;
    }

    const ways = [mediaState?.send?.state, mediaState?.recv?.state];
    return socketState?.state === "connected" && !ways.some((way) => way === "reconnecting" || way === "disconnected" || way === "failed");
  }

  #rights(): Rights {
    const { permissions } = this.#kit.self;
    const may = (each: string) => each !== "NOT_ALLOWED";
    return {
      mic: may(permissions.canProduceAudio),
      camera: may(permissions.canProduceVideo),
      screen: may(permissions.canProduceScreenshare),
      rename: permissions.canEditDisplayName,
      chat: (permissions.chatPublic?.canSend && permissions.chatPublic.text) ?? false,
      chatFiles: (permissions.chatPublic?.canSend && permissions.chatPublic.files) ?? false,
      privateChat: (permissions.chatPrivate?.canSend && permissions.chatPrivate.text) ?? false,
      seesPolls: permissions.polls?.canView ?? false,
      createsPolls: permissions.polls?.canCreate ?? false,
      votes: permissions.polls?.canVote ?? false,
      seesPeople: permissions.showParticipantList,
      mutes: permissions.canDisableParticipantAudio,
      stopsCameras: permissions.canDisableParticipantVideo,
      kicks: permissions.kickParticipant,
      pins: permissions.pinParticipant,
      admits: permissions.acceptWaitingRequests,
      grantsStage: permissions.stageEnabled && permissions.acceptStageRequests,
      goesLive: permissions.canLivestream && livestreamOf(this.#kit) !== undefined,
      records: permissions.canRecord && recordingOf(this.#kit) !== undefined,
    };
  }

  #stagePlace(): StagePlace {
    const { stageEnabled, stageAccess } = this.#kit.self.permissions;
    return {
      isInForce: stageEnabled,
      access: stageAccess === "ALLOWED" ? "allowed" : stageAccess === "CAN_REQUEST" ? "onRequest" : "denied",
    };
  }

  #stageRequests(rights: Rights): readonly Waiting[] {
    return rights.grantsStage
      ? this.#kit.participants.joined
          .toArray()
          .filter(({ stageStatus }) => stageStatus === "REQUESTED_TO_JOIN_STAGE")
          .map(({ userId, name }) => ({ userId, name }))
      : [];
  }

  /** A message in our words, made anew only when it was edited or pinned; null for a kind that is not shown. */
  #message(message: Message): ChatMessage | null {
    const key = `${message.isEdited} ${message.pinned} ${"message" in message ? message.message : ""}`;
    const known = this.#messages.get(message);
    if (known?.key === key) {
      return known.message;
    }

    const content = contentOf(message);
    if (content === null) {
      return null;
    }

    const made: ChatMessage = {
      id: message.id,
      userId: message.userId,
      name: message.displayName,
      at: message.time,
      isPinned: message.pinned ?? false,
      isEdited: message.isEdited ?? false,
      to: message.targetUserIds !== undefined && message.targetUserIds.length > 0 ? message.targetUserIds : null,
      content,
    };
    this.#messages.set(message, { key, message: made });
    return made;
  }
}

type OnAirNote = Extract<MeetingNote, { kind: "wentLive" | "liveEnded" | "recordingStarted" | "recordingPaused" | "recordingEnded" }>["kind"];

/** What is said of a change; null where nothing is that others would notice. */
function onAirNote(before: OnAirState, now: OnAirState, on: OnAirNote, paused: OnAirNote, off: OnAirNote): MeetingNote | null {
  if (before === now) {
    return null;
  }

  switch (now) {
    case "on":
      return { kind: on };
    case "paused":
      return { kind: paused };
    case "off":
      return before === "starting" || before === "waiting" ? null : { kind: off };
    default:
      return null;
  }
}

function personOf(participant: RTKParticipant): Person {
  const { id, userId, name, stageStatus, audioEnabled, videoEnabled, screenShareEnabled, screenShareTracks, isPinned } = participant;
  return {
    id,
    userId,
    name: name || "Participant",
    isSelf: false,
    stage: stages[stageStatus] ?? "off",
    hasMic: audioEnabled,
    hasCamera: videoEnabled,
    screen: screenShareEnabled ? (screenShareTracks?.video ?? null) : null,
    isPinned,
  };
}

/** The client fills in every field of every kind, so only the kind itself tells them apart. */
function contentOf(message: Message): ChatContent | null {
  const { message: text, link, name, size } = message as { message?: string; link?: string; name?: string; size?: number };
  switch (String(message.type)) {
    case "image":
      return { kind: "image", link: link ?? "" };
    case "file":
      return { kind: "file", link: link ?? "", name: name ?? "File", bytes: size ?? 0 };
    default:
      return text ? { kind: "text", text } : null;
  }
}

type KitPoll = Kit["polls"]["items"][number];

function pollOf(poll: KitPoll, ownUserId: string): Poll {
  return {
    id: poll.id,
    question: poll.question,
    by: poll.createdBy,
    isAnonymous: poll.anonymous,
    hidesVotes: poll.hideVotes,
    options: poll.options.map(({ text, count, votes }) => ({
      text,
      count,
      voters: votes.map(({ name }) => name),
      isMine: votes.some(({ id }) => id === ownUserId),
    })),
    hasVoted: poll.voted.includes(ownUserId),
    votes: poll.options.reduce((sum, { count }) => sum + count, 0),
  };
}

function faultOf(permission: string | undefined): DeviceFault {
  switch (permission) {
    case "DENIED":
    case "SYSTEM_DENIED":
    case "CANCELED":
      return "denied";
    case "NO_DEVICES_AVAILABLE":
      return "missing";
    case "COULD_NOT_START":
      return "busy";
    default:
      return null;
  }
}
