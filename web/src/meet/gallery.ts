// Every state of the meeting page, with a meeting that is made up: gallery.html?show=NAME. Not part of what is served.
import "./meet.css";
import { readMeetAddress } from "../meeting/address";
import { type ChatMessage, EntryError, type EntryFault, type LeaveReason, type MeetingSnapshot, type Person, type Poll } from "../meeting/meeting";
import { FakeMeeting, guestRights, hostRights, person } from "./fakeMeeting";
import { MeetPage } from "./meetPage";
import { initialState } from "./meetState";

// What people call themselves here tells what the tile is for: a word, several, a long line, an accent.
const names = [
  "Host of the day", "Ben", "Somebody whose name is longer than the tile it is written on", "Left tile", "Écran à gauche", "Right tile", "Corner",
  ...Array.from({ length: 24 }, (_, at) => `Guest ${at + 2}`),
];

const show = new URLSearchParams(location.search).get("show") ?? "call-4";
const [scene = "call", count = "4"] = show.split("-");

const pictures = new Map<string, MediaStream | null>();

function pictureOf(id: string): MediaStream | null {
  const made = pictures.get(id) ?? makePicture(id);
  pictures.set(id, made);
  return made;
}

/** A picture that moves, so that tiles look as they do with cameras. */
function makePicture(id: string): MediaStream | null {
  if (id === "mic" || id === "voice") {
    const context = new AudioContext();
    const tone = context.createOscillator();
    const gain = context.createGain();
    gain.gain.value = 0.3;
    const out = context.createMediaStreamDestination();
    tone.connect(gain).connect(out);
    tone.start();
    return out.stream;
  }

  const canvas = document.createElement("canvas");
  const isScreen = id === "screen";
  [canvas.width, canvas.height] = isScreen ? [1280, 720] : [640, 480];
  const draw = canvas.getContext("2d");
  const hue = [...id].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0) * 47, 3) % 360;
  const paint = (now: number) => {
    if (draw === null) {
      return;
    }

    if (isScreen) {
      draw.fillStyle = "#f7f8fa";
      draw.fillRect(0, 0, 1280, 720);
      draw.fillStyle = "#22304a";
      draw.font = "600 46px sans-serif";
      draw.fillText("Quarterly figures", 90, 130);
      [0.5, 0.72, 0.61, 0.9, 0.8, 0.66].forEach((value, at) => {
        draw.fillStyle = `hsl(${205 + at * 9} 60% 52%)`;
        draw.fillRect(110 + at * 180, 620 - value * 400, 110, value * 400);
      });
    } else {
      const light = draw.createLinearGradient(0, 0, 640, 480);
      light.addColorStop(0, `hsl(${hue} 30% 46%)`);
      light.addColorStop(1, `hsl(${hue + 40} 34% 24%)`);
      draw.fillStyle = light;
      draw.fillRect(0, 0, 640, 480);
      const sway = Math.sin(now / 700 + hue) * 8;
      draw.fillStyle = `hsl(${hue + 180} 24% 62%)`;
      draw.beginPath();
      draw.ellipse(320 + sway, 210, 82, 104, 0, 0, 7);
      draw.ellipse(320 + sway / 2, 470, 210, 150, 0, 0, 7);
      draw.fill();
    }
  };
  setInterval(() => paint(performance.now()), 100);
  paint(0);
  return canvas.captureStream(10);
}

function message(at: number, name: string, content: ChatMessage["content"], more: Partial<ChatMessage> = {}): ChatMessage {
  return { id: `m${at}`, userId: name === "You" ? "user-self" : `user-${name}`, name, at: new Date(Date.UTC(2026, 5, 3, 10, at)), isPinned: false, isEdited: false, to: null, content, ...more };
}


const messages: readonly ChatMessage[] = [
  message(0, "Host of the day", { kind: "text", text: "Good morning, everybody!" }),
  message(1, "Host of the day", { kind: "text", text: "The notes are at https://example.org/notes/2026-06-03?week=23, please add what is missing." }, { isPinned: true }),
  message(3, "You", { kind: "text", text: "Thank you, I will" }, { isEdited: true }),
  message(9, "Ben", { kind: "image", link: location.origin + "/harbour.svg" }),
  message(10, "Ben", { kind: "file", link: "https://example.org/plan.pdf", name: "Plan for the autumn, second draft.pdf", bytes: 1_340_000 }),
  message(14, "Left tile", { kind: "text", text: "Could you stay for two minutes afterwards?" }, { to: ["user-self", "user-p3"] }),
  message(15, "You", { kind: "text", text: "Of course." }, { to: ["user-self", "user-p3"] }),
];

const polls: readonly Poll[] = [
  {
    id: "a", question: "Which day suits you for the workshop in September?", by: "Host of the day", isAnonymous: false, hidesVotes: false, hasVoted: true, votes: 7,
    options: [
      { text: "Monday", count: 1, voters: ["Ben"], isMine: false },
      { text: "Wednesday", count: 4, voters: ["You", "Left tile", "Corner", "Right tile"], isMine: true },
      { text: "Friday, as long as it is over by four in the afternoon", count: 2, voters: ["Guest 2", "Guest 3"], isMine: false },
    ],
  },
  {
    id: "b", question: "Shall we record the next session?", by: "Ben", isAnonymous: true, hidesVotes: true, hasVoted: false, votes: 3,
    options: [
      { text: "Yes", count: 2, voters: [], isMine: false },
      { text: "No", count: 1, voters: [], isMine: false },
    ],
  },
];

function snapshot(people: number, more: Partial<MeetingSnapshot> = {}): MeetingSnapshot {
  const others = Array.from({ length: people - 1 }, (_, at): Person =>
    person(`p${at}`, names[at] ?? `Person ${at}`, { hasMic: at % 3 !== 1, hasCamera: at % 5 !== 3, isPinned: false }),
  );
  return {
    title: "Harbour project: weekly",
    startedAt: new Date(Date.now() - 754_000),
    self: person("self", "You yourself", { userId: "user-self", isSelf: true, hasMic: false, hasCamera: false }),
    others,
    speakerId: others[0]?.id ?? null,
    rights: hostRights,
    stage: { isInForce: false, access: "allowed" },
    livestream: null,
    onAir: { live: "off", watchUrl: null, recording: "off" },
    stageRequests: [],
    waitingRoom: [],
    messages,
    polls,
    micFault: null,
    cameraFault: null,
    connection: "steady",
    ...more,
  };
}

const faults: Record<string, EntryFault> = { refused: "refused", unreachable: "unreachable" };
const out: readonly string[] = ["left", "kicked", "rejected", "ended", "failed"];

function stateOf(): MeetingSnapshot {
  const size = Number(count) || 4;
  switch (scene) {
    case "devices":
      return snapshot(3, { cameraFault: "denied", micFault: "missing", self: person("self", "", { isSelf: true, hasMic: false, hasCamera: false }) });
    case "viewer": {
      const viewer = snapshot(3, { rights: guestRights, stage: { isInForce: true, access: "onRequest" } });
      return { ...viewer, self: { ...viewer.self, stage: "off" } };
    }
    case "guest":
      return snapshot(size, { rights: guestRights });
    case "onair":
      return snapshot(size, { onAir: { live: "on", watchUrl: "https://localhost:8443/watch/00000000-0000-4000-8000-000000000000", recording: "on" } });
    case "audience": {
      const viewer = snapshot(5, { rights: guestRights, stage: { isInForce: true, access: "onRequest" } });
      return { ...viewer, self: { ...viewer.self, stage: count === "asked" ? "requested" : "off" }, others: count === "empty" ? [] : viewer.others.map((each, at) => (at < 2 ? each : { ...each, stage: "off" })) };
    }
    case "stage": {
      const host = snapshot(6, { stage: { isInForce: true, access: "allowed" }, stageRequests: [{ userId: "user-p3", name: "Left tile" }] });
      return { ...host, others: host.others.map((each, at) => (at < 2 ? each : { ...each, stage: at === 3 ? "requested" : "off" })) };
    }
    case "screen": {
      const sharing = snapshot(size);
      const screen = pictureOf("screen")?.getVideoTracks()[0] ?? null;
      return { ...sharing, others: sharing.others.map((each, at) => (at === 0 ? { ...each, screen } : each)) };
    }
    case "pinned": {
      const pinned = snapshot(size);
      return { ...pinned, others: pinned.others.map((each, at) => ({ ...each, isPinned: at === 1 })) };
    }
    case "people":
      return snapshot(size, { waitingRoom: [{ userId: "w1", name: "Latecomer" }, { userId: "w2", name: "Latecomer 2" }] });
    case "reconnecting":
      return snapshot(size, { connection: "reconnecting" });
    case "nochat":
      return snapshot(size, { messages: [], polls: [] });
    default:
      return snapshot(size);
  }
}

const addresses: Record<string, string> = {
  notoken: "https://localhost:8443/meet",
  insecure: "http://localhost:8080/meet?token=x",
  nonames: "https://127.0.0.1:8443/meet?token=x",
};
const address = readMeetAddress(new URL(addresses[scene] ?? "https://localhost:8443/meet?token=x"), "https://localhost:8443");
let meeting: FakeMeeting | null = null;
const page = new MeetPage(
  initialState(address),
  async (listener) => {
    const fault = faults[scene];
    if (scene === "opening") {
      await new Promise(() => undefined);
    }

    if (fault !== undefined) {
      throw new EntryError(fault, "");
    }

    meeting = new FakeMeeting(stateOf(), listener, pictureOf, scene === "waiting" ? "waiting" : scene === "joining" ? "never" : "joined");
    return meeting;
  },
  {
    better: address.kind === "insecure" ? address.secureUrl : address.kind === "noNames" ? address.namedUrl : null,
    names: ["https://api.localhost:8443/healthz", "https://socket-edge.localhost:8443/healthz"],
  },
);
page.start();

const click = (id: string) => document.getElementById(id)?.click();
if (!["setup", "viewer", "devices", "opening", "refused", "unreachable", "notoken", "insecure", "nonames"].includes(scene)) {
  setTimeout(() => {
    click("setup-join");
    setTimeout(act, 300);
  }, 500);
}

function act(): void {
  if (out.includes(scene)) {
    meeting?.putOut(scene as LeaveReason);
  } else if (scene === "chat" || scene === "nochat") {
    click("chat-button");
  } else if (scene === "people" || scene === "stage") {
    click("people-button");
  } else if (scene === "polls" || scene === "newpoll") {
    click("polls-button");
    if (scene === "newpoll") {
      click("poll-new");
    }
  } else if (scene === "onair") {
    click("on-air");
  } else if (scene === "settings") {
    click("settings-button");
  } else if (scene === "leave") {
    click("leave");
  } else if (scene === "toasts") {
    meeting?.say({ kind: "asked", name: "Latecomer", what: "entry" });
    meeting?.say({ kind: "wrote", message: messages[1] ?? message(1, "Ben", { kind: "text", text: "Hello" }) });
    meeting?.say({ kind: "pollOpened", poll: polls[0] as Poll });
  }
}

