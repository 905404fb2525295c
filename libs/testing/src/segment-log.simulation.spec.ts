import { randomBelow } from '@ringwatch/kernel';
import { SeededRandom } from '@ringwatch/kernel/fake';
import { SegmentLog, type Disk, type DiskFile } from '@ringwatch/raft-node';
import { describe, expect, test } from 'vitest';
import { SimulatedDisk } from './simulated-disk.ts';

const SEEDS = 300;
const CRASHES = 5;

const open = (disk: Disk): Promise<SegmentLog> =>
  SegmentLog.open({ folder: 'log', segmentBytes: 4_000, disk });

/** Appends until a crash, `CRASHES` times over; returns what was lost of what had been acknowledged. */
async function lostAcknowledged(seed: number, wrap: (disk: SimulatedDisk) => Disk): Promise<string[]> {
  const random = new SeededRandom(seed);
  const simulated = new SimulatedDisk(random);
  const disk = wrap(simulated);
  const acknowledged = new Map<number, string>();
  for (let crash = 0; crash < CRASHES; crash++) {
    const log = await open(disk);
    for (const [index, text] of acknowledged) {
      const found = index <= log.lastIndex ? (await log.read(index)).toString() : 'nothing';
      if (found !== text) return [`seed ${seed}: index ${index} is ${found.slice(0, 20)}`];
    }
    for (let turn = randomBelow(random, 12); turn >= 0; turn--) {
      const texts = Array.from({ length: 1 + randomBelow(random, 4) }, () =>
        String(random.next()).repeat(1 + randomBelow(random, 60)),
      );
      const last = await log.append(texts.map((text) => Buffer.from(text)));
      texts.forEach((text, i) => acknowledged.set(last - texts.length + 1 + i, text));
    }
    // The crash interrupts an append that nobody was told about.
    const [segment] = simulated.paths().slice(-1);
    const file = await simulated.open(segment as string, false);
    await file.write(Buffer.alloc(randomBelow(random, 3_000), 0xee), await file.sizeBytes());
    simulated.crash();
  }
  return [];
}

/** A disk whose syncs do nothing: what a build without fdatasync would be. */
function withoutSync(disk: SimulatedDisk): Disk {
  const muted = (file: DiskFile): DiskFile => ({
    sizeBytes: () => file.sizeBytes(),
    read: (target, position) => file.read(target, position),
    write: (source, position) => file.write(source, position),
    truncate: (sizeBytes) => file.truncate(sizeBytes),
    sync: async () => undefined,
    close: () => file.close(),
  });
  return {
    makeFolder: () => disk.makeFolder(),
    list: (path) => disk.list(path),
    open: async (path, create) => muted(await disk.open(path, create)),
    rename: (from, to) => disk.rename(from, to),
    remove: (path) => disk.remove(path),
    syncFolder: (path) => disk.syncFolder(path),
  };
}

describe('segment log on a disk that loses what was not synced', () => {
  test(`${SEEDS} seeds of ${CRASHES} crashes lose nothing that was acknowledged`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++)
      expect(await lostAcknowledged(seed, (disk) => disk)).toEqual([]);
  });

  test('the same check catches a log that does not sync', async () => {
    let caught = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const lost = await lostAcknowledged(seed, withoutSync).catch((error: Error) => [error.message]);
      caught += lost.length;
    }
    expect(caught).toBeGreaterThanOrEqual(18);
  });
});
