/** A place on the floor, in CSS pixels from its left upper corner. */
export interface Rect {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** What wants a place. */
export interface TileRequest {
  readonly id: string;
  readonly isSelf: boolean;
}

export interface FloorSize {
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  /** The places, by tile; one that found none is missing. */
  readonly places: ReadonlyMap<string, Rect>;
  /** Where the number of those without a place stands; null when everybody has one. */
  readonly more: Rect | null;
  /** How many have no place. */
  readonly hidden: number;
  /** The tile that lies over another's corner; null when none does. */
  readonly floating: string | null;
}

const smallestWidth = 116;
const smallestHeight = 84;
const widest = 16 / 9;

/**
 * Gives every tile its place.
 * @param tiles in the order in which they stand.
 * @param focus the tile that gets most of the floor; null when all are alike.
 */
export function layOut(tiles: readonly TileRequest[], focus: string | null, floor: FloorSize, gap: number): Layout {
  if (floor.width <= 0 || floor.height <= 0 || tiles.length === 0) {
    return { places: new Map(), more: null, hidden: tiles.length, floating: null };
  }

  if (focus !== null && tiles.length > 1 && tiles.some(({ id }) => id === focus)) {
    return focused(tiles, focus, floor, gap);
  }

  const [first, second] = tiles;
  if (tiles.length === 2 && first !== undefined && second !== undefined && first.isSelf !== second.isSelf && isPhone(floor)) {
    return faceToFace(first, second, floor, gap);
  }

  return grid(tiles, { left: 0, top: 0, ...floor }, gap);
}

function isPhone({ width, height }: FloorSize): boolean {
  return width < height && width < 640;
}

/** Two on an upright screen: the other fills it, and oneself is in its corner. */
function faceToFace(first: TileRequest, second: TileRequest, { width, height }: FloorSize, gap: number): Layout {
  const [self, other] = first.isSelf ? [first, second] : [second, first];
  const small = { width: Math.min(132, width * 0.34), height: Math.min(176, height * 0.3) };
  return {
    places: new Map([
      [other.id, { left: 0, top: 0, width, height }],
      [self.id, { left: width - small.width - gap, top: height - small.height - gap, ...small }],
    ]),
    more: null,
    hidden: 0,
    floating: self.id,
  };
}

/** One large, the others in a strip beside or below it. */
function focused(tiles: readonly TileRequest[], focus: string, { width, height }: FloorSize, gap: number): Layout {
  const others = tiles.filter(({ id }) => id !== focus);
  const isBeside = width > height * 1.15;
  const places = new Map<string, Rect>();
  let strip: Rect;
  if (isBeside) {
    const stripWidth = Math.round(Math.min(264, Math.max(140, width * 0.2)));
    places.set(focus, { left: 0, top: 0, width: width - stripWidth - gap, height });
    strip = { left: width - stripWidth, top: 0, width: stripWidth, height };
  } else {
    const stripHeight = Math.round(Math.min(120, Math.max(88, height * 0.13)));
    places.set(focus, { left: 0, top: 0, width, height: height - stripHeight - gap });
    strip = { left: 0, top: height - stripHeight, width, height: stripHeight };
  }

  // The strip is filled from its middle, with tiles of one size.
  const tile = isBeside
    ? { width: strip.width, height: strip.width / widest }
    : { width: strip.height * 1.2, height: strip.height };
  const [along, each] = isBeside ? [strip.height, tile.height] : [strip.width, tile.width];
  const room = Math.max(1, Math.floor((along + gap) / (each + gap)));
  const shown = others.length <= room ? others.length : room - 1;
  const cells = others.length <= room ? others.length : room;
  const start = Math.max(0, (along - cells * each - (cells - 1) * gap) / 2);
  const cell = (at: number): Rect => {
    const offset = start + at * (each + gap);
    return isBeside
      ? { left: strip.left, top: strip.top + offset, ...tile }
      : { left: strip.left + offset, top: strip.top, ...tile };
  };
  others.slice(0, shown).forEach(({ id }, at) => places.set(id, cell(at)));
  const hidden = others.length - shown;
  return { places, more: hidden > 0 ? cell(cells - 1) : null, hidden, floating: null };
}

/** All alike, as large as they can be, the last row in the middle. */
function grid(tiles: readonly TileRequest[], area: Rect, gap: number): Layout {
  const isUpright = area.width < area.height;
  const tallest = isUpright ? 0.8 : 4 / 3;
  let cells = tiles.length;
  let best = bestGrid(cells, area, gap, tallest);
  while (cells > 1 && (best.width < smallestWidth || best.height < smallestHeight)) {
    cells--;
    best = bestGrid(cells, area, gap, tallest);
  }

  const shown = cells === tiles.length ? cells : cells - 1;
  const { columns, width, height } = best;
  const rows = Math.ceil(cells / columns);
  const top = area.top + (area.height - rows * height - (rows - 1) * gap) / 2;
  const cell = (at: number): Rect => {
    const row = Math.floor(at / columns);
    const inRow = row === rows - 1 ? cells - row * columns : columns;
    const left = area.left + (area.width - inRow * width - (inRow - 1) * gap) / 2;
    return { left: left + (at - row * columns) * (width + gap), top: top + row * (height + gap), width, height };
  };
  const hidden = tiles.length - shown;
  return {
    places: new Map(tiles.slice(0, shown).map(({ id }, at) => [id, cell(at)])),
    more: hidden > 0 ? cell(cells - 1) : null,
    hidden,
    floating: null,
  };
}

function bestGrid(count: number, area: FloorSize, gap: number, tallest: number): { columns: number; width: number; height: number } {
  let best = { columns: 1, width: 0, height: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const cellWidth = (area.width - gap * (columns - 1)) / columns;
    const cellHeight = (area.height - gap * (rows - 1)) / rows;
    const width = Math.floor(Math.max(0, Math.min(cellWidth, cellHeight * widest)));
    const height = Math.floor(Math.max(0, Math.min(cellHeight, width / tallest)));
    if (width * height > best.width * best.height) {
      best = { columns, width, height };
    }
  }

  return best;
}

/**
 * Puts tiles in the order in which they stand: whoever speaks is never among those without a place, and nobody moves who
 * need not.
 * @param room how many have a place.
 */
export function withinSight<T extends { readonly id: string }>(tiles: readonly T[], wanted: ReadonlySet<string>, room: number): readonly T[] {
  if (tiles.length <= room || room <= 0) {
    return tiles;
  }

  const ordered = [...tiles];
  for (let at = room; at < ordered.length; at++) {
    const speaker = ordered[at];
    if (speaker === undefined || !wanted.has(speaker.id)) {
      continue;
    }

    for (let place = room - 1; place >= 0; place--) {
      const other = ordered[place];
      if (other !== undefined && !wanted.has(other.id)) {
        ordered[place] = speaker;
        ordered[at] = other;
        break;
      }
    }
  }

  return ordered;
}
