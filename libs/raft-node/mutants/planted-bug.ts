/**
 * A bug that somebody once made in a Raft implementation, made again in ours: edits of the product's text,
 * so that the product itself needs no switches for it.
 */

/** One place of the code, found by its text, and what stands there instead. */
export interface Edit {
  /** Relative to the root of the workspace. */
  readonly file: string;
  /** Must occur once; how much white space stands between its words does not matter. */
  readonly find: string;
  readonly replace: string;
}

export interface PlantedBug {
  /** Its number among the known bugs of Raft implementations, or a name for one that has none. */
  readonly id: string;
  readonly title: string;
  /** What goes wrong, and where others have made it. */
  readonly why: string;
  readonly edits: readonly Edit[];
}

/** `text` with the edit made. @throws when the place is not there exactly once: the code has moved on. */
export function edited(text: string, { file, find, replace }: Edit): string {
  const pattern = new RegExp(
    find
      .trim()
      .split(/\s+/)
      .map(escaped)
      .join(String.raw`\s+`),
    'g',
  );
  const found = [...text.matchAll(pattern)];
  const [match] = found;
  if (match === undefined || found.length > 1) {
    throw new Error(`${file} has ${found.length} places, not one, that read: ${find.trim()}`);
  }
  return text.slice(0, match.index) + replace + text.slice(match.index + match[0].length);
}

function escaped(word: string): string {
  return word.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
