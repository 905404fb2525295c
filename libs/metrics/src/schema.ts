/**
 * A schema is the sorted list of series keys that a report's columns mean, known by a hash.
 *
 * 1. Keys are canonical, sorted by code unit and distinct; the hash is the first 16 bytes of SHA-256 over the
 *    keys joined by "\n". Equal lists have equal hashes everywhere and for ever, for the hash is stored.
 * 2. Checking a schema is dear and done once; {@link SchemaTable} keeps the outcome, bounded.
 */
import { createHash } from 'node:crypto';
import { Fault } from '@ringwatch/kernel';
import { SCHEMA_BYTES_MAX, type Limits } from './limits.ts';
import { canonicalSeriesKey } from './series-key.ts';

export interface Schema {
  /** 32 hex digits. */
  readonly hash: string;
  readonly keys: readonly string[];
}

/** Bytes of a schema's hash. */
export const SCHEMA_HASH_BYTES = 16;

/** Hex of the first 16 bytes of SHA-256 over `keys` joined by a newline. */
export function schemaHash(keys: readonly string[]): string {
  return createHash('sha256')
    .update(keys.join('\n'))
    .digest('hex')
    .slice(0, SCHEMA_HASH_BYTES * 2);
}

/** The schema of `keys`, sorted here. The caller vouches that they are canonical and distinct. */
export function schemaOf(keys: readonly string[]): Schema {
  const sorted = [...keys].sort();
  return { hash: schemaHash(sorted), keys: sorted };
}

/**
 * Checks a list of keys as it came from outside.
 * @throws {Fault} `invalid_argument`: `too_many_metrics`, `series_key_too_long`, `series_key_malformed`,
 * `series_key_not_canonical`, `schema_not_sorted`.
 */
export function checkSchemaKeys(keys: readonly string[], limits: Limits): void {
  checkKeyCount(keys.length, limits);
  checkKeysTogether(keys);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    checkKeyLength(key, limits);
    if (canonicalSeriesKey(key) !== key) {
      throw new Fault('invalid_argument', `series key is not canonical: ${key}`, {
        reason: 'series_key_not_canonical',
      });
    }
    if (i > 0 && (keys[i - 1] as string) >= key) {
      throw new Fault('invalid_argument', `series keys are not sorted and distinct at ${key}`, {
        reason: 'schema_not_sorted',
      });
    }
  }
}

/** @throws {Fault} `invalid_argument`, reason `too_many_metrics`. */
export function checkKeyCount(count: number, limits: Limits): void {
  if (count <= limits.metricsPerReportMax) return;
  throw new Fault('invalid_argument', `${count} metrics in a report, at most ${limits.metricsPerReportMax}`, {
    reason: 'too_many_metrics',
  });
}

/** @throws {Fault} `invalid_argument`, reason `schema_too_large`. */
export function checkKeysTogether(keys: readonly string[]): void {
  let bytes = 0;
  for (const key of keys) bytes += key.length < 40 ? key.length * 3 : Buffer.byteLength(key);
  if (bytes <= SCHEMA_BYTES_MAX) return;
  throw new Fault(
    'invalid_argument',
    `the series keys of a report take more than ${SCHEMA_BYTES_MAX} bytes`,
    {
      reason: 'schema_too_large',
    },
  );
}

/** @throws {Fault} `invalid_argument`, reason `series_key_too_long`. */
export function checkKeyLength(key: string, limits: Limits): void {
  if (key.length * 3 <= limits.seriesKeyBytesMax || Buffer.byteLength(key) <= limits.seriesKeyBytesMax)
    return;
  throw new Fault('invalid_argument', `series key longer than ${limits.seriesKeyBytesMax} bytes`, {
    reason: 'series_key_too_long',
  });
}

/** Schemas by hash, bounded by count and by the memory of their keys; the least recently used goes first. */
export class SchemaTable {
  readonly #byHash = new Map<string, Schema>();
  #keyBytes = 0;

  constructor(
    readonly capacity = 100_000,
    readonly keyBytesMax = 32 * 1024 * 1024,
  ) {}

  get(hash: string): Schema | undefined {
    const schema = this.#byHash.get(hash);
    if (schema === undefined) return undefined;
    this.#byHash.delete(hash);
    this.#byHash.set(hash, schema);
    return schema;
  }

  /** The table's own copy of `schema`: the same object for every report that uses it. */
  intern(schema: Schema): Schema {
    const known = this.get(schema.hash);
    if (known !== undefined) return known;
    this.#byHash.set(schema.hash, schema);
    this.#keyBytes += keyBytesOf(schema);
    for (const oldest of this.#byHash.values()) {
      if (this.#byHash.size <= this.capacity && this.#keyBytes <= this.keyBytesMax) break;
      if (oldest === schema) break;
      this.#byHash.delete(oldest.hash);
      this.#keyBytes -= keyBytesOf(oldest);
    }
    return schema;
  }
}

/** What a key costs besides its characters. */
const KEY_OVERHEAD_BYTES = 32;

/** Memory that the keys of a schema take, about. */
export function keyBytesOf({ keys }: Schema): number {
  return keys.reduce((sum, key) => sum + key.length + KEY_OVERHEAD_BYTES, 0);
}
