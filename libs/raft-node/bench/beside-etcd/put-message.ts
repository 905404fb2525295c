/**
 * A put and its answer in protobuf, written by hand: etcd's PutRequest as far as a benchmark needs it, with
 * an id besides by which answers on a stream are told apart. As protobuf has it, a field that is empty or
 * zero is left out, so an answer is the id alone.
 *
 *     bytes  key   = 1   tag 0x0a
 *     bytes  value = 2   tag 0x12
 *     uint64 id    = 15  tag 0x78; etcd has no such field
 *
 * Source: etcd's api/etcdserverpb/rpc.proto; the encoding page of protobuf.dev.
 */
import { ByteReader, malformed } from '../../src/byte-reader.ts';
import { ByteWriter } from '../../src/byte-writer.ts';

const TAG = { key: 0x0a, value: 0x12, id: 0x78 } as const;
const NO_BYTES = Buffer.alloc(0);

export interface PutMessage {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly id: number;
}

/** Kept from message to message; what leaves is a copy. */
const writer = new ByteWriter();

export function encodePut({ key, value, id }: PutMessage): Buffer {
  writer.reset();
  bytesField(TAG.key, key);
  bytesField(TAG.value, value);
  if (id !== 0) {
    writer.u8(TAG.id);
    writer.varint(id);
  }
  return Buffer.from(writer.bytes);
}

/** The answer to the put with this id. */
export function encodeAnswer(id: number): Buffer {
  return encodePut({ key: NO_BYTES, value: NO_BYTES, id });
}

/** Key and value share memory with `bytes`. @throws {Fault} `data_loss` when it is no such message. */
export function decodePut(bytes: Buffer): PutMessage {
  const reader = new ByteReader(bytes);
  let key: Buffer = NO_BYTES;
  let value: Buffer = NO_BYTES;
  let id = 0;
  while (reader.left > 0) {
    const tag = reader.u8();
    if (tag === TAG.key) key = reader.data(reader.varint());
    else if (tag === TAG.value) value = reader.data(reader.varint());
    else if (tag === TAG.id) id = reader.varint();
    else throw malformed(`a put has no field of tag ${tag}`);
  }
  return { key, value, id };
}

function bytesField(tag: number, bytes: Buffer): void {
  if (bytes.length === 0) return;
  writer.u8(tag);
  writer.varint(bytes.length);
  writer.data(bytes);
}
