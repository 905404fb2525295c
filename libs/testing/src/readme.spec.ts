import { SeededRandom } from '@ringwatch/kernel/fake';
import { systemClock } from '@ringwatch/kernel/system';
import { SegmentLog } from '@ringwatch/raft-node';
import { expect, test } from 'vitest';
import { checkLinearizability, describeVerdict, History, keyValueModel, SimulatedDisk } from './index.ts';
import type { KeyValueInput, KeyValueOutput } from './index.ts';

test('the example of the README with a disk does what it says', async () => {
  const disk = new SimulatedDisk(new SeededRandom(7));
  const log = await SegmentLog.open({ folder: 'log', disk });
  await log.append([Buffer.from('kept')]);
  disk.crash();

  const again = await SegmentLog.open({ folder: 'log', disk });
  expect((await again.read(1)).toString()).toBe('kept');

  disk.failSyncs(1);
  await expect(again.append([Buffer.from('lost')])).rejects.toMatchObject({ code: 'data_loss' });
});

test('the example of the README with a history does what it says', () => {
  const history = new History<KeyValueInput, KeyValueOutput>();
  const put = history.call('writer', { kind: 'put', key: 'k', value: 'new' });
  put.answered(null);
  const get = history.call('reader', { kind: 'get', key: 'k' });
  get.answered(null);

  const options = { clock: systemClock, budgetMs: 10_000 };
  const verdict = checkLinearizability(keyValueModel, history.operations, options);
  expect(verdict.verdict).toBe('not-linearizable');
  expect(describeVerdict(verdict)).toContain('client reader {"kind":"get","key":"k"} from 2 to 3: null');
});
