/**
 * The fast copy of all documents: Redis, or memory for tests and for tools. A port with two twins and one
 * contract suite.
 *
 * 1. A document changes only to a later version; the same version with other content is repaired.
 * 2. Whoever subscribed learns of each applied change, once it is applied. A message is a hint and may be
 *    lost.
 */
import type { ConfigMessage, FenceOutcome } from '@ringwatch/redis-keyspace';
import { hashOf } from './canonical-json.ts';
import type { ConfigDocument } from './document.ts';
import type { Family } from './families.ts';
import { compareVersions } from './version.ts';

export interface CopyListener {
  /** A document was changed. */
  readonly onMessage: (message: ConfigMessage) => void;
  /** The subscription stands (again): messages before this moment may have been lost. */
  readonly onSubscribed: () => void;
}

export interface FastCopy {
  /** Applies one document. @throws {Fault} `unavailable` while the copy is away. */
  apply(document: ConfigDocument): Promise<FenceOutcome>;
  /** All documents of a family, deleted ones too. @throws {Fault} `unavailable` while the copy is away. */
  read(family: Family): Promise<readonly ConfigDocument[]>;
  /**
   * Forgets a deletion, if it is still exactly that; nobody is told. @throws {Fault} `unavailable` as above.
   */
  forget(document: ConfigDocument): Promise<void>;
  /** Calls the listener until the returned function is called. */
  subscribe(listener: CopyListener): () => void;
}

/** The twin without a server. `down` plays an outage. */
export class MemoryCopy implements FastCopy {
  readonly #documents = new Map<string, ConfigDocument>();
  readonly #listeners = new Set<CopyListener>();
  #fault: Error | undefined;

  /** Makes every call fail with `fault`; undefined ends the outage and tells the subscribers. */
  down(fault: Error | undefined): void {
    this.#fault = fault;
    if (fault === undefined) for (const { onSubscribed } of this.#listeners) onSubscribed();
  }

  async apply(document: ConfigDocument): Promise<FenceOutcome> {
    if (this.#fault !== undefined) throw this.#fault;
    const id = `${document.family}/${document.key}`;
    const stored = this.#documents.get(id);
    const order = stored === undefined ? 1 : compareVersions(document.version, stored.version);
    if (order < 0) return 'stale';
    if (order === 0 && stored?.text === document.text) return 'same';
    this.#documents.set(id, document);
    const { family, key, version, hash } = document;
    for (const { onMessage } of this.#listeners) onMessage({ family, key, version, hash });
    return 'applied';
  }

  async read(family: Family): Promise<readonly ConfigDocument[]> {
    if (this.#fault !== undefined) throw this.#fault;
    return [...this.#documents.values()].filter((document) => document.family === family);
  }

  async forget({ family, key, version }: ConfigDocument): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault;
    const stored = this.#documents.get(`${family}/${key}`);
    const deleted = stored !== undefined && stored.text === undefined;
    if (deleted && compareVersions(stored.version, version) === 0) this.#documents.delete(`${family}/${key}`);
  }

  subscribe(listener: CopyListener): () => void {
    this.#listeners.add(listener);
    if (this.#fault === undefined) listener.onSubscribed();
    return () => this.#listeners.delete(listener);
  }

  /** Changes a document behind the fence's back, as a careless operator would. */
  tamper(family: Family, key: string, text: string): void {
    const id = `${family}/${key}`;
    const stored = this.#documents.get(id);
    if (stored !== undefined) this.#documents.set(id, { ...stored, text, hash: hashOf(text) });
  }
}
