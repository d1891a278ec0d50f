import "./meet.css";
import { readMeetAddress } from "../meeting/address";
import { openKitMeeting } from "../meeting/kitMeeting";
import { EntryError } from "../meeting/meeting";
import { initialState } from "./meetState";
import { MeetPage } from "./meetPage";

const secureBase = document.querySelector<HTMLMetaElement>('meta[name="secure-base"]')?.content ?? "";
const address = readMeetAddress(location, secureBase);
const isPhone = matchMedia("(max-width: 40rem)").matches;

const page = new MeetPage(
  initialState(address),
  (listener) =>
    address.kind === "good"
      ? openKitMeeting(address.token, address.baseUri, isPhone, listener)
      : Promise.reject(new EntryError("other", "This address has no meeting.")),
  {
    better: address.kind === "insecure" ? address.secureUrl : address.kind === "noNames" ? address.namedUrl : null,
    names: address.kind === "good" ? ["api", "socket-edge"].map((name) => `https://${name}.${address.baseUri}/healthz`) : [],
  },
);
page.start();
