/** The state machine behind the puts: the newest value of each key, as etcd keeps it too. */
import type { Entry } from '@ringwatch/raft';
import { readSnapshot, snapshotOf, type SnapshotSource, type StateMachine } from '@ringwatch/raft-node';
import { ByteReader } from '../../src/byte-reader.ts';
import { ByteWriter } from '../../src/byte-writer.ts';
import { decodePut, encodePut } from './put-message.ts';

export class PutMachine implements StateMachine {
  readonly #values = new Map<string, Buffer>();

  apply(entries: readonly Entry[], done: () => void): void {
    for (const { data } of entries) this.#put(Buffer.from(data.buffer, data.byteOffset, data.length));
    done();
  }

  snapshot(done: (source: SnapshotSource) => void): void {
    const writer = new ByteWriter();
    for (const [key, value] of this.#values) {
      const put = encodePut({ key: Buffer.from(key, 'latin1'), value, id: 0 });
      writer.varint(put.length);
      writer.data(put);
    }
    done(snapshotOf(writer.bytes));
  }

  restore(_index: number, source: SnapshotSource, done: () => void): void {
    this.#values.clear();
    const reader = new ByteReader(readSnapshot(source));
    while (reader.left > 0) this.#put(reader.data(reader.varint()));
    done();
  }

  get(key: string): Buffer | undefined {
    return this.#values.get(key);
  }

  #put(bytes: Buffer): void {
    const { key, value } = decodePut(bytes);
    // A copy, for what the entry lies in is much larger.
    this.#values.set(key.toString('latin1'), Buffer.from(value));
  }
}
