import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SeededRandom } from '@ringwatch/kernel/fake';
import { MemoryLog, SegmentLog } from '@ringwatch/raft-node';
import { describeLogStore } from './log-store-contract.ts';
import { SimulatedDisk } from './simulated-disk.ts';

describeLogStore('memory', async () => new MemoryLog());

describeLogStore('segments on this machine', async () =>
  SegmentLog.open({ folder: await mkdtemp(join(tmpdir(), 'ringwatch-log-')), segmentBytes: 1_000 }),
);

describeLogStore('segments on a simulated disk', () =>
  SegmentLog.open({ folder: 'log', segmentBytes: 1_000, disk: new SimulatedDisk(new SeededRandom(1)) }),
);
