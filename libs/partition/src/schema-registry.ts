/**
 * The schemas that something still refers to: an entry of the retained log, the newest report of a host, or a
 * proposal under way.
 *
 * 1. A schema that is referred to is never dropped, for later entries name it by its hash alone.
 * 2. The registry is bounded where reports come in (`hasRoomFor`), never while applying: what is in the log
 *    is applied.
 */
import { assert } from '@ringwatch/kernel';
import { keyBytesOf, type Schema } from '@ringwatch/metrics';

/** Schemas kept at most, and the memory that their keys take at most. */
export const SCHEMAS_MAX = 100_000;
export const SCHEMAS_BYTES_MAX = 64 * 1024 * 1024;

interface Entry {
  readonly schema: Schema;
  readonly bytes: number;
  references: number;
}

export class SchemaRegistry {
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get(hash: string): Schema | undefined {
    return this.#entries.get(hash)?.schema;
  }

  /** True when reports of this schema may be taken: it is known, or there is room for another. */
  hasRoomFor(schema: Schema): boolean {
    return (
      this.#entries.has(schema.hash) || (this.#entries.size < SCHEMAS_MAX && this.#bytes < SCHEMAS_BYTES_MAX)
    );
  }

  /** The registry's own copy of `schema`; not referred to until {@link retain}. */
  intern(schema: Schema): Schema {
    const known = this.#entries.get(schema.hash);
    if (known !== undefined) return known.schema;
    const bytes = keyBytesOf(schema);
    this.#entries.set(schema.hash, { schema, bytes, references: 0 });
    this.#bytes += bytes;
    return schema;
  }

  /** Adds a reference. The schema must be interned. */
  retain({ hash }: Schema): void {
    const entry = this.#entries.get(hash);
    assert(entry !== undefined, `schema ${hash} is interned`);
    entry.references++;
  }

  /** Gives a reference back; the last one drops the schema. */
  release({ hash }: Schema): void {
    const entry = this.#entries.get(hash);
    assert(entry !== undefined && entry.references > 0, `schema ${hash} is referred to`);
    if (--entry.references === 0) this.#drop(entry);
  }

  /** Drops what nobody refers to: after a restart, when the log has been applied. */
  sweep(): void {
    for (const entry of this.#entries.values()) if (entry.references === 0) this.#drop(entry);
  }

  *values(): IterableIterator<Schema> {
    for (const { schema } of this.#entries.values()) yield schema;
  }

  #drop({ schema, bytes }: Entry): void {
    this.#entries.delete(schema.hash);
    this.#bytes -= bytes;
  }
}
