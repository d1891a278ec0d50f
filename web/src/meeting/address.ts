/** Where a meeting is, taken from the address of the page; or why there cannot be one here. */
export type MeetAddress =
  | {
      readonly kind: "good";
      /** What the meeting client is given: it asks `https://api.B` and `wss://socket-edge.B`. */
      readonly baseUri: string;
      readonly token: string;
    }
  | { readonly kind: "noToken" }
  /** The client speaks TLS only, and a browser gives the camera to secure pages only. */
  | { readonly kind: "insecure"; readonly secureUrl: string | null }
  /** There is no name below an IP address, so `api.` cannot be put in front of it. */
  | { readonly kind: "noNames"; readonly host: string; readonly namedUrl: string | null };

/** What is read of `location`. */
export interface PageLocation {
  readonly protocol: string;
  readonly host: string;
  readonly hostname: string;
  readonly pathname: string;
  readonly search: string;
}

const prefixes = ["api.", "socket-edge."];
const loopbacks = ["127.0.0.1", "[::1]"];

/**
 * Reads the address of a meeting page.
 * @param secureBase the start of this server's own https addresses, as the server wrote it into the page; empty when unknown.
 */
export function readMeetAddress(location: PageLocation, secureBase: string): MeetAddress {
  const here = location.pathname + location.search;
  if (location.protocol !== "https:") {
    return { kind: "insecure", secureUrl: secureBase.startsWith("https://") ? secureBase + here : null };
  }

  if (isAddress(location.hostname)) {
    const port = location.host.slice(location.hostname.length);
    const isLoopback = loopbacks.includes(location.hostname);
    return { kind: "noNames", host: location.hostname, namedUrl: isLoopback ? `https://localhost${port}${here}` : null };
  }

  const token = new URLSearchParams(location.search).get("token")?.trim() ?? "";
  return token === "" ? { kind: "noToken" } : { kind: "good", baseUri: baseUriOf(location), token };
}

const playlistPath = /^(.*)\/live\/((?:t\/[^/]+\/)?[0-9a-f-]{36})\/index\.m3u8$/i;

/** The page that plays a livestream of this server, by the address of its playlist; null for any other playlist. */
export function watchUrlOf(playbackUrl: string): string | null {
  const url = new URL(playbackUrl);
  const [, base, livestream] = playlistPath.exec(url.pathname) ?? [];
  return base === undefined || livestream === undefined ? null : `${url.origin}${base}/watch/${livestream}`;
}

/** The base that the client puts `api.` and `socket-edge.` in front of, with the path under which the product stands. */
export function baseUriOf(location: Pick<PageLocation, "host" | "pathname">): string {
  const prefix = prefixes.find((each) => location.host.startsWith(each)) ?? "";
  return location.host.slice(prefix.length) + basePathOf(location.pathname);
}

/** Under which path of the host the product stands; empty when it has the host to itself. */
export function basePathOf(pathname: string): string {
  return /^(.*)\/(?:meet|studio)\/?$/.exec(pathname)?.[1] ?? "";
}

function isAddress(hostname: string): boolean {
  return hostname.startsWith("[") || /^\d+(?:\.\d+){3}$/.test(hostname);
}
