import { SeededRandom } from '@ringwatch/kernel/fake';
import { SegmentLog } from '@ringwatch/raft-node';
import { expect, test } from 'vitest';
import { SimulatedDisk } from './index.ts';

test('the example of the README does what it says', async () => {
  const disk = new SimulatedDisk(new SeededRandom(7));
  const log = await SegmentLog.open({ folder: 'log', disk });
  await log.append([Buffer.from('kept')]);
  disk.crash();

  const again = await SegmentLog.open({ folder: 'log', disk });
  expect((await again.read(1)).toString()).toBe('kept');

  disk.failSyncs(1);
  await expect(again.append([Buffer.from('lost')])).rejects.toMatchObject({ code: 'data_loss' });
});
