/**
 * Writes documents: validated, authority first, then the fenced copy.
 *
 * 1. Nothing reaches the copy that the authority does not hold; without the authority there is no write.
 * 2. Equal content writes nothing and wakes nobody.
 * 3. A copy that is away does not fail the write: the answer says so, and the relay repairs it.
 * 4. A condition is checked against what the write then compares and sets, so it cannot be overtaken.
 */
import { Fault, toFault, type Clock } from '@ringwatch/kernel';
import { systemClock } from '@ringwatch/kernel/system';
import { Authority } from './authority.ts';
import { hashOf } from './canonical-json.ts';
import type { ConfigDocument } from './document.ts';
import type { FastCopy } from './fast-copy.ts';
import { checkFamily, checkKey, checkValue, type Family } from './families.ts';
import { compareVersions, formatVersion, NO_VERSION, type ConfigVersion } from './version.ts';

const RACES_MAX = 5;

/** What {@link WriteResult.copy} says when the fast copy has the document. */
export const COPY_APPLIED = 'applied';

export interface WriteOptions {
  /**
   * Only if the document has this version; {@link NO_VERSION}: only if there is none. Absent: whatever is
   * there.
   */
  readonly ifVersion?: ConfigVersion;
}

export interface WriteResult {
  readonly document: ConfigDocument;
  /** False when the content was already this. */
  readonly changed: boolean;
  /** {@link COPY_APPLIED}, or why the fast copy does not have it yet. */
  readonly copy: string;
}

export interface ConfigWriterOptions {
  readonly authority: Authority;
  /** Absent: there is no fast copy. */
  readonly copy?: FastCopy;
  readonly clock?: Clock;
}

/** The only input of configuration. */
export class ConfigWriter {
  readonly #authority: Authority;
  readonly #copy: FastCopy | undefined;
  readonly #clock: Clock;

  constructor({ authority, copy, clock = systemClock }: ConfigWriterOptions) {
    this.#authority = authority;
    this.#copy = copy;
    this.#clock = clock;
  }

  /**
   * Writes a document.
   * @throws {Fault} `invalid_argument` (value, key), `not_found` (family), `failed_precondition`
   *   (`version_mismatch`), `aborted` (lost against other writers), `unavailable` (no authority),
   *   `resource_exhausted` (family full).
   */
  async put(family: string, key: string, value: unknown, options: WriteOptions = {}): Promise<WriteResult> {
    const known = checkFamily(family);
    checkKey(known, key);
    return this.#write(known, key, checkValue(known, value), options);
  }

  /** Deletes a document. @throws {Fault} as {@link put}, and `not_found` when there is none. */
  async delete(family: string, key: string, options: WriteOptions = {}): Promise<WriteResult> {
    const known = checkFamily(family);
    checkKey(known, key);
    return this.#write(known, key, undefined, options);
  }

  async #write(
    family: Family,
    key: string,
    text: string | undefined,
    { ifVersion }: WriteOptions,
  ): Promise<WriteResult> {
    for (let race = 0; race < RACES_MAX; race++) {
      const read = await this.#authority.read(family, key);
      const current = read.document?.text === undefined ? undefined : read.document;
      checkVersion(current, ifVersion);
      if (text === undefined && current === undefined) throw missing(family, key);
      if (text !== undefined && current?.hash === hashOf(text)) {
        return { document: current, changed: false, copy: await this.#copied(current) };
      }
      const document = await this.#authority.write(family, key, text, this.#clock.nowMs(), read);
      if (document !== undefined) return { document, changed: true, copy: await this.#copied(document) };
    }
    throw new Fault('aborted', `${RACES_MAX} other writers were faster`, { reason: 'write_contended' });
  }

  async #copied(document: ConfigDocument): Promise<string> {
    if (this.#copy === undefined) return 'there is no fast copy';
    try {
      // Stale means that the copy has a later version already, which is as good.
      await this.#copy.apply(document);
      return COPY_APPLIED;
    } catch (error) {
      return toFault(error).detail;
    }
  }
}

/** The fault of reading or deleting what is not there. */
export function missing(family: Family, key: string): Fault {
  return new Fault('not_found', `no document ${family}/${key}`, { reason: 'document_missing' });
}

function checkVersion(current: ConfigDocument | undefined, expected: ConfigVersion | undefined): void {
  const version = current?.version ?? NO_VERSION;
  if (expected === undefined || compareVersions(version, expected) === 0) return;
  const detail = `the document has version ${formatVersion(version)}, not ${formatVersion(expected)}`;
  throw new Fault('failed_precondition', detail, { reason: 'version_mismatch' });
}
