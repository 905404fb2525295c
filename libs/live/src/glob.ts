/**
 * Globs with `*` only, matched in O(pattern + text) whatever the pattern: each part between stars is searched
 * once by Knuth, Morris and Pratt's algorithm (SIAM J. Comput. 6, 1977), leftmost first, which is enough
 * because a star takes any text.
 */

/** A test for `pattern`: `web-*` holds for `web-1`. Everything but `*` stands for itself. */
export function compileGlob(pattern: string): (text: string) => boolean {
  const parts = pattern.split('*');
  if (parts.length === 1) return (text) => text === pattern;
  const head = parts[0] as string;
  const tail = parts.at(-1) as string;
  const middle = parts
    .slice(1, -1)
    .filter((part) => part !== '')
    .map(compileSearch);
  return (text) => {
    if (text.length < head.length + tail.length) return false;
    if (!text.startsWith(head) || !text.endsWith(tail)) return false;
    const end = text.length - tail.length;
    let at = head.length;
    for (const search of middle) {
      at = search(text, at, end);
      if (at < 0) return false;
    }
    return true;
  };
}

/** Finds `part` in `text[from, end)`: the index after its first occurrence, or -1. */
function compileSearch(part: string): (text: string, from: number, end: number) => number {
  if (part.length === 1) return (text, from, end) => afterChar(text, part, from, end);
  const borders = bordersOf(part);
  return (text, from, end) => {
    let matched = 0;
    for (let i = from; i < end; i++) {
      while (matched > 0 && text[i] !== part[matched]) matched = borders[matched - 1] as number;
      if (text[i] === part[matched]) matched++;
      if (matched === part.length) return i + 1;
    }
    return -1;
  };
}

/** The same for a single character, which needs no table. */
function afterChar(text: string, char: string, from: number, end: number): number {
  const at = text.indexOf(char, from);
  return at < 0 || at >= end ? -1 : at + 1;
}

/** For each prefix of `part`, the length of its longest proper prefix that is also its suffix. */
function bordersOf(part: string): Uint16Array {
  const borders = new Uint16Array(part.length);
  let border = 0;
  for (let i = 1; i < part.length; i++) {
    while (border > 0 && part[i] !== part[border]) border = borders[border - 1] as number;
    if (part[i] === part[border]) border++;
    borders[i] = border;
  }
  return borders;
}
