/**
 * What a reader knows: per document the latest version it ever saw, from whichever source. Pure.
 *
 * 1. A version never goes back. At equal versions the authority's content counts, because a copy may be
 *    damaged.
 * 2. A document that a listing lacks stays: only a deletion with a later version removes it.
 *    The authority forgets old deletions; what it no longer lists as deleted is forgotten here too.
 * 3. A listing that would lose too much of a family at once is held: nothing of it counts. Deletions do not
 *    count as loss against what only the snapshot on disk knew, because time has passed since.
 */
import type { ConfigDocument } from './document.ts';
import { FAMILIES, type Family } from './families.ts';
import { shrinksTooMuch } from './shrink-guard.ts';
import { compareVersions } from './version.ts';

/** Where something is known from. */
export type Source = 'consul' | 'redis' | 'snapshot';

/** A document with where it is known from. */
export interface Known {
  readonly document: ConfigDocument;
  /** The source that last confirmed it. */
  readonly source: Source;
  /** True when the authority itself has confirmed this content of this version. */
  readonly isAuthoritative: boolean;
}

/** What a listing changed. */
export interface Merge {
  /** Documents whose content is another now, deleted ones included. */
  readonly changed: readonly ConfigDocument[];
  /** True when the listing was not taken (invariant 3). */
  readonly held: boolean;
}

/** The documents of all families. */
export class DocumentTable {
  readonly #families = new Map<Family, Map<string, Known>>(FAMILIES.map((family) => [family, new Map()]));

  get(family: Family, key: string): Known | undefined {
    return this.#of(family).get(key);
  }

  /** Documents of a family, deleted ones included, by key. */
  list(family: Family): readonly Known[] {
    return [...this.#of(family).values()].sort((a, b) => (a.document.key < b.document.key ? -1 : 1));
  }

  /** Every document, deleted ones included. */
  get documents(): readonly ConfigDocument[] {
    return FAMILIES.flatMap((family) => this.list(family)).map(({ document }) => document);
  }

  /** Takes what `source` says about the whole family. */
  merge(family: Family, listing: readonly ConfigDocument[], source: Source): Merge {
    const table = this.#of(family);
    const listed = new Map(listing.map((document) => [document.key, document]));
    const live = [...table.values()].filter(({ document }) => document.text !== undefined);
    const lost = live.filter((known) => isLost(known, listed.get(known.document.key))).length;
    if (shrinksTooMuch(live.length, lost)) return { changed: [], held: true };
    const changed: ConfigDocument[] = [];
    for (const document of listing) {
      const known = table.get(document.key);
      if (known !== undefined && !counts(document, source, known)) continue;
      const isAuthoritative =
        source === 'consul' || (known?.isAuthoritative === true && isSame(document, known));
      table.set(document.key, { document, source, isAuthoritative });
      if (known?.document.text !== document.text) changed.push(document);
    }
    if (source === 'consul') this.#forget(table, listed);
    return { changed, held: false };
  }

  #forget(table: Map<string, Known>, listed: ReadonlyMap<string, ConfigDocument>): void {
    for (const [key, { document }] of table) {
      if (document.text === undefined && !listed.has(key)) table.delete(key);
    }
  }

  #of(family: Family): Map<string, Known> {
    return this.#families.get(family) ?? new Map<string, Known>();
  }
}

function isLost({ document, source }: Known, listed: ConfigDocument | undefined): boolean {
  if (listed === undefined) return true;
  const deleted = listed.text === undefined && compareVersions(listed.version, document.version) > 0;
  return deleted && source !== 'snapshot';
}

function isSame(document: ConfigDocument, known: Known): boolean {
  const order = compareVersions(document.version, known.document.version);
  return order === 0 && document.text === known.document.text;
}

/** Invariant 1. */
function counts(document: ConfigDocument, source: Source, known: Known): boolean {
  const order = compareVersions(document.version, known.document.version);
  if (order !== 0) return order > 0;
  return source === 'consul' || !known.isAuthoritative || document.text === known.document.text;
}
