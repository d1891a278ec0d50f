/** Where a livestream is watched and asked about, taken from the address of the page. */
export interface WatchAddress {
  /** Under which path of the host the product stands; empty when it has the host to itself. */
  readonly base: string;
  readonly livestreamId: string;
  /** The signed token of the address, when playback needs one. */
  readonly token: string | null;
}

const watchPath = /^(.*)\/watch\/(?:t\/([^/]+)\/)?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\/?$/;

/** Reads a page's path; null when it is not that of a watch page. */
export function readWatchPath(path: string): WatchAddress | null {
  const match = watchPath.exec(path);
  const livestreamId = match?.[3];
  return match === null || livestreamId === undefined
    ? null
    : { base: match[1] ?? "", livestreamId: livestreamId.toLowerCase(), token: match[2] ?? null };
}

/** The prefix of everything that is asked about the livestream. */
export function livePath({ base, livestreamId, token }: WatchAddress): string {
  return token === null ? `${base}/live/${livestreamId}` : `${base}/live/t/${token}/${livestreamId}`;
}

/** The playlist for a page that is counted by heartbeats, and so shares its playlists with all others. */
export function playlistPath(address: WatchAddress): string {
  return `${livePath(address)}/index.m3u8?viewer=beacon`;
}
