import type { SnapshotSource } from '../peers/peer-transport.ts';

/** A snapshot's state that is in memory already, as one chunk or none. */
export function snapshotOf(state: Uint8Array): SnapshotSource {
  let rest: Uint8Array | undefined = state.length > 0 ? state : undefined;
  return {
    next: () => {
      const chunk = rest;
      rest = undefined;
      return chunk;
    },
    close: () => {
      rest = undefined;
    },
  };
}

/** All of a snapshot's state in one piece. @throws {Fault} `data_loss` when it cannot be read. */
export function readSnapshot(source: SnapshotSource): Buffer {
  const chunks: Uint8Array[] = [];
  try {
    for (let chunk = source.next(); chunk !== undefined; chunk = source.next()) chunks.push(chunk);
  } finally {
    source.close();
  }
  return Buffer.concat(chunks);
}
