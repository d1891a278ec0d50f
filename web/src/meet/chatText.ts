/** A piece of a message: words, or a link that is written out in them. */
export interface TextPiece {
  readonly text: string;
  readonly href: string | null;
}

const link = /https?:\/\/[^\s<>"]+/g;
const trailing = /[.,;:!?)\]}'\u2019\u201d]+$/;

/** Splits a message into words and links. Only http and https count, and punctuation at the end is not part of a link. */
export function piecesOf(text: string): readonly TextPiece[] {
  const pieces: TextPiece[] = [];
  let from = 0;
  for (const match of text.matchAll(link)) {
    const found = match[0].replace(trailing, "");
    const href = safeLink(found);
    if (href === null) {
      continue;
    }

    if (match.index > from) {
      pieces.push({ text: text.slice(from, match.index), href: null });
    }

    pieces.push({ text: found, href });
    from = match.index + found.length;
  }

  if (from < text.length) {
    pieces.push({ text: text.slice(from), href: null });
  }

  return pieces;
}

/** An address that may be followed; null for anything that is not the web's. Files and pictures come from other people. */
export function safeLink(address: string): string | null {
  try {
    const url = new URL(address);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}
