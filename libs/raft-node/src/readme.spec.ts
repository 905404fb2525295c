import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SegmentLog, SingleNode } from './index.ts';

test('the example of the README does what it says, and again after a restart', async () => {
  const folder = join(await mkdtemp(join(tmpdir(), 'ringwatch-readme-')), 'log');
  const run = async (): Promise<{ log: SegmentLog; node: SingleNode<number>; sum: () => number }> => {
    const log = await SegmentLog.open({ folder });
    let sum = 0;
    const node = new SingleNode<number>({
      log,
      apply: (_index, payload) => (sum += Number(payload.toString())),
      onBroken: (fault) => {
        throw fault;
      },
    });
    await node.replay(log.firstIndex);
    return { log, node, sum: () => sum };
  };

  const first = await run();
  expect(await first.node.propose(Buffer.from('40'))).toEqual({ index: 1, result: 40 });
  await first.node.propose(Buffer.from('2'));
  expect(first.sum()).toBe(42);
  await first.log.close();

  const second = await run();
  expect(second.sum()).toBe(42);
  await second.log.close();
});
