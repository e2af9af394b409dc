/** A place in what Litestream copies: a generation, the number of a WAL in it, and a byte of that WAL. */
export interface Position {
  generation: string;
  index: number;
  offset: number;
}

/** Negative when `a` comes before `b`. Only for positions of one generation. */
export function comparePositions(a: Pick<Position, 'index' | 'offset'>, b: Pick<Position, 'index' | 'offset'>): number {
  return a.index - b.index || a.offset - b.offset;
}

/** Reads `generation/index:offset`, as Litestream writes positions in its log. */
export function parsePosition(text: string): Position | undefined {
  const match = /^([0-9a-f]{16})\/([0-9a-f]{8}):(\d+)$/.exec(text);
  return match
    ? { generation: match[1] as string, index: Number.parseInt(match[2] as string, 16), offset: Number(match[3]) }
    : undefined;
}

/** A number of a WAL, or a byte of one, as it stands in names: eight hex digits. */
export function formatIndex(index: number): string {
  return index.toString(16).padStart(8, '0');
}
