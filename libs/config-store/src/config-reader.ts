/**
 * Reads configuration for a process, whatever is away: memory, kept current by Redis and Consul, and a
 * snapshot on disk.
 *
 * 1. Every reading says its source, version and age. A version never goes back.
 * 2. Every source is followed on its own, so either may be stopped, at start or later. Redis messages are
 *    hints that lead to a reading; Consul is watched; Redis is read every 5 s and at each (re)connect
 *    besides.
 * 3. What does not pass this process's schemas is reported and not taken: the last good document stays.
 * 4. A process that was ever configured starts from its snapshot when every source is away.
 */
import { watchPrefix, type KvListing, type KvStore } from '@ringwatch/consul-client';
import { silentLogger, sleep, toFault, type Clock, type Logger, type Random } from '@ringwatch/kernel';
import { systemClock, systemRandom } from '@ringwatch/kernel/system';
import { CONFIG_PREFIX, decodeListing, type AuthorityState, type ConfigDocument } from './document.ts';
import { DocumentTable, type Source } from './document-table.ts';
import type { FastCopy } from './fast-copy.ts';
import { checkValue, FAMILIES, valueOf, type Family, type FamilyValue } from './families.ts';
import { readSnapshot, writeSnapshot } from './snapshot-file.ts';
import { compareVersions, NO_VERSION, type ConfigVersion } from './version.ts';
import { Wakeup } from './wakeup.ts';

const COPY_POLL_MS = 5_000;
const SNAPSHOT_DELAY_MS = 200;
const SNAPSHOT_REFRESH_MS = 60_000;
const START_WAIT_MS = 5_000;

export interface ConfigReaderOptions {
  /** The authority. Absent: it is not followed. */
  readonly kv?: KvStore;
  /** The fast copy. Absent: it is not followed. */
  readonly copy?: FastCopy;
  /** File of the snapshot. Absent: none is kept. */
  readonly snapshotPath?: string;
  /** Called when following has ended, to close what the sources run on. */
  readonly onClosed?: () => void;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** One document as this process knows it. */
export interface ConfigReading<F extends Family = Family> {
  readonly family: F;
  readonly key: string;
  /** Undefined when there is no such document, or it was deleted. */
  readonly value: FamilyValue<F> | undefined;
  /** {@link NO_VERSION} when nothing is known. */
  readonly version: ConfigVersion;
  readonly hash: string;
  /** The source that last confirmed it; 'none' when nothing is known. */
  readonly source: Source | 'none';
  /** How long ago that source last answered, milliseconds; Infinity when none ever did. */
  readonly ageMs: number;
}

/** How a source stands. */
export interface SourceStatus {
  readonly source: Exclude<Source, 'snapshot'>;
  /** Undefined while it answers. */
  readonly fault: string | undefined;
  /** Families whose last listing was held because it had shrunk too much. */
  readonly held: readonly Family[];
}

interface Contact {
  fault: string | undefined;
  atMs: number | undefined;
  readonly held: Set<Family>;
}

/** Follows all families from {@link ConfigReader.start} to {@link ConfigReader.close}. */
export class ConfigReader {
  readonly #options: ConfigReaderOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #table = new DocumentTable();
  readonly #contacts = new Map<Source, Contact>();
  readonly #listeners = new Set<(document: ConfigDocument) => void>();
  readonly #end = new AbortController();
  readonly #copyWakeup: Wakeup;
  readonly #snapshotWakeup: Wakeup;
  #running: Promise<unknown> = Promise.resolve();
  #snapshotAtMs: number | undefined;
  #learnt: () => void = () => undefined;

  constructor(options: ConfigReaderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#copyWakeup = new Wakeup(this.#clock);
    this.#snapshotWakeup = new Wakeup(this.#clock);
    const fault = 'has not answered yet';
    if (options.kv !== undefined) this.#contacts.set('consul', { fault, atMs: undefined, held: new Set() });
    if (options.copy !== undefined) this.#contacts.set('redis', { fault, atMs: undefined, held: new Set() });
  }

  /**
   * Begins to follow; resolves when something is known from any source, at the latest after 5 s. Never
   * rejects.
   */
  async start(): Promise<void> {
    const learnt = new Promise<void>((resolve) => (this.#learnt = resolve));
    await this.#loadSnapshot();
    const { kv, copy, snapshotPath } = this.#options;
    this.#running = Promise.all([
      kv === undefined ? undefined : this.#followConsul(kv),
      copy === undefined ? undefined : this.#followCopy(copy),
      snapshotPath === undefined ? undefined : this.#keepSnapshot(snapshotPath),
    ]);
    const patience = new AbortController();
    await Promise.race([learnt, sleep(this.#clock, START_WAIT_MS, patience.signal)]);
    patience.abort();
  }

  /** The document as it is known now. */
  get<F extends Family>(family: F, key: string): ConfigReading<F> {
    const known = this.#table.get(family, key);
    if (known !== undefined) return this.#reading(family, known.document, known.source);
    const ageMs = this.#ageMs(this.#confirmedAtMs());
    return { family, key, value: undefined, version: NO_VERSION, hash: '', source: 'none', ageMs };
  }

  /** The live documents of a family, by key. */
  list<F extends Family>(family: F): readonly ConfigReading<F>[] {
    const live = this.#table.list(family).filter(({ document }) => document.text !== undefined);
    return live.map(({ document, source }) => this.#reading(family, document, source));
  }

  /** Calls `listener` after each change of a document, until the returned function is called. */
  onChange(listener: (document: ConfigDocument) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** How the configured sources stand. */
  get sources(): readonly SourceStatus[] {
    return [...this.#contacts].flatMap(([source, { fault, held }]) =>
      source === 'snapshot' ? [] : [{ source, fault, held: [...held] }],
    );
  }

  /** Everything that is known, deleted documents included. */
  get documents(): readonly ConfigDocument[] {
    return this.#table.documents;
  }

  /** Ends following, after the snapshot was written. */
  async close(): Promise<void> {
    this.#end.abort();
    await this.#running;
    this.#options.onClosed?.();
  }

  async #followConsul(kv: KvStore): Promise<void> {
    const { random = systemRandom } = this.#options;
    let state: AuthorityState | undefined;
    const take = (): void => {
      if (state === undefined) return;
      for (const family of FAMILIES) this.#take(family, ofFamily(state.documents, family), 'consul');
    };
    const listener = {
      onContact: (): void => {
        this.#contacted('consul');
        take(); // An answer without news confirms what is known.
      },
      onListing: (listing: KvListing): void => {
        state = decodeListing(listing);
        for (const { detail } of state.unreadable) this.#logger.warn({ detail }, 'unreadable document');
        take();
        this.#learnt();
      },
      onFault: ({ detail }: { readonly detail: string }): void => this.#lost('consul', detail),
    };
    await watchPrefix(kv, CONFIG_PREFIX, listener, { signal: this.#end.signal, clock: this.#clock, random });
  }

  async #followCopy(copy: FastCopy): Promise<void> {
    const { signal } = this.#end;
    const unsubscribe = copy.subscribe({
      onMessage: ({ family, key, version }) => {
        const known = FAMILIES.find((one) => one === family);
        const have =
          known === undefined ? version : (this.#table.get(known, key)?.document.version ?? NO_VERSION);
        if (compareVersions(version, have) > 0) this.#copyWakeup.wake();
      },
      onSubscribed: () => this.#copyWakeup.wake(),
    });
    while (!signal.aborted) {
      await this.#readCopy(copy);
      await this.#copyWakeup.wait(COPY_POLL_MS, signal);
    }
    unsubscribe();
  }

  async #readCopy(copy: FastCopy): Promise<void> {
    try {
      for (const family of FAMILIES) {
        const documents = (await copy.read(family)).filter((document) => this.#passes(document));
        this.#take(family, documents, 'redis');
      }
      this.#contacted('redis');
      this.#learnt();
    } catch (error) {
      this.#lost('redis', toFault(error).detail);
    }
  }

  #passes({ family, key, text }: ConfigDocument): boolean {
    try {
      if (text !== undefined) checkValue(family, JSON.parse(text));
      return true;
    } catch (error) {
      this.#logger.warn({ family, key, detail: toFault(error).detail }, 'unreadable document in the copy');
      return false;
    }
  }

  #take(family: Family, listing: readonly ConfigDocument[], source: Source): void {
    const { changed, held } = this.#table.merge(family, listing, source);
    const contact = this.#contacts.get(source);
    if (held && contact?.held.has(family) === false) {
      this.#logger.warn({ family, source }, 'a shrunken listing is held; the last good copy stays');
    }
    if (held) contact?.held.add(family);
    else contact?.held.delete(family);
    for (const document of changed) for (const listener of this.#listeners) listener(document);
    if (changed.length > 0) this.#snapshotWakeup.wake();
  }

  #contacted(source: Source): void {
    const contact = this.#contacts.get(source);
    if (contact === undefined) return;
    contact.fault = undefined;
    contact.atMs = this.#clock.nowMs();
  }

  #lost(source: Source, detail: string): void {
    const contact = this.#contacts.get(source);
    if (contact !== undefined) contact.fault = detail;
  }

  /** When a live source last answered, Unix milliseconds; before that, when one had before the snapshot. */
  #confirmedAtMs(): number | undefined {
    const times = [...this.#contacts.values()].map(({ atMs }) => atMs).filter((atMs) => atMs !== undefined);
    return times.length > 0 ? Math.max(...times) : this.#snapshotAtMs;
  }

  #ageMs(confirmedAtMs: number | undefined): number {
    return confirmedAtMs === undefined ? Infinity : Math.max(0, this.#clock.nowMs() - confirmedAtMs);
  }

  #reading<F extends Family>(family: F, document: ConfigDocument, source: Source): ConfigReading<F> {
    const { key, version, hash, text } = document;
    const value = text === undefined ? undefined : valueOf(family, text);
    const confirmedAtMs = source === 'snapshot' ? this.#snapshotAtMs : this.#contacts.get(source)?.atMs;
    return { family, key, value, version, hash, source, ageMs: this.#ageMs(confirmedAtMs) };
  }

  async #loadSnapshot(): Promise<void> {
    if (this.#options.snapshotPath === undefined) return;
    try {
      const snapshot = await readSnapshot(this.#options.snapshotPath);
      if (snapshot === undefined) return;
      this.#snapshotAtMs = snapshot.confirmedAtMs;
      const documents = snapshot.documents.filter((document) => this.#passes(document));
      for (const family of FAMILIES) this.#take(family, ofFamily(documents, family), 'snapshot');
      if (documents.length > 0) this.#learnt();
    } catch (error) {
      this.#logger.warn({ detail: toFault(error).detail }, 'configuration snapshot not read');
    }
  }

  /** Writes the snapshot soon after each change, and now and then so that its age stays true. */
  async #keepSnapshot(path: string): Promise<void> {
    const { signal } = this.#end;
    let savedAtMs = this.#snapshotAtMs;
    do {
      await this.#snapshotWakeup.wait(SNAPSHOT_REFRESH_MS, signal);
      await sleep(this.#clock, SNAPSHOT_DELAY_MS, signal); // Changes that come together share a write.
      const confirmedAtMs = this.#confirmedAtMs();
      const { documents } = this.#table;
      if (confirmedAtMs === undefined || confirmedAtMs === savedAtMs || documents.length === 0) continue;
      try {
        await writeSnapshot(path, { confirmedAtMs, documents });
        savedAtMs = confirmedAtMs;
      } catch (error) {
        this.#logger.warn({ detail: toFault(error).detail }, 'configuration snapshot not written');
      }
    } while (!signal.aborted);
  }
}

function ofFamily(documents: readonly ConfigDocument[], family: Family): readonly ConfigDocument[] {
  return documents.filter((document) => document.family === family);
}
