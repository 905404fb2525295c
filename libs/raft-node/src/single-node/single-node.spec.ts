import { Fault } from '@ringwatch/kernel';
import { settle } from '@ringwatch/kernel/fake';
import { describe, expect, test } from 'vitest';
import { MemoryLog } from './memory-log.ts';
import { SingleNode } from './single-node.ts';

const broken = (): never => {
  throw new Error('the log must not break here');
};

/** A log whose next append waits until it is let go. */
class HeldLog extends MemoryLog {
  readonly batches: number[] = [];
  #release: (() => void) | undefined;

  override async append(payloads: readonly Buffer[]): Promise<number> {
    this.batches.push(payloads.length);
    await new Promise<void>((resolve) => (this.#release = resolve));
    return super.append(payloads);
  }

  async release(): Promise<void> {
    this.#release?.();
    await settle();
  }
}

describe('single node', () => {
  test('applies in order and resolves with what apply returned', async () => {
    const applied: string[] = [];
    const apply = (index: number, payload: Buffer): string => {
      applied.push(`${index}${payload.toString()}`);
      return payload.toString().toUpperCase();
    };
    const node = new SingleNode({ log: new MemoryLog(), apply, onBroken: broken });
    const outcomes = await Promise.all(['a', 'b', 'c'].map((text) => node.propose(Buffer.from(text))));
    expect(outcomes.map(({ index, result }) => `${index}${result}`)).toEqual(['1A', '2B', '3C']);
    expect(applied).toEqual(['1a', '2b', '3c']);
  });

  test('applies nothing before it is durable', async () => {
    const log = new HeldLog();
    const applied: number[] = [];
    const node = new SingleNode({ log, apply: (index) => applied.push(index), onBroken: broken });
    const proposed = node.propose(Buffer.from('a'));
    await settle();
    expect(applied).toEqual([]);
    await log.release();
    await proposed;
    expect(applied).toEqual([1]);
  });

  test('gathers what arrives during a sync into the next one', async () => {
    const log = new HeldLog();
    const node = new SingleNode({ log, apply: () => undefined, onBroken: broken });
    const all = [1, 2, 3, 4].map((n) => node.propose(Buffer.from([n])));
    await log.release();
    await log.release();
    await Promise.all(all);
    expect(log.batches).toEqual([1, 3]);
  });

  test('refuses when its queue is full', async () => {
    const log = new HeldLog();
    const node = new SingleNode({ log, apply: () => undefined, onBroken: broken, queueBytesMax: 10 });
    const first = node.propose(Buffer.alloc(10));
    await settle();
    void node.propose(Buffer.alloc(10));
    await expect(node.propose(Buffer.alloc(1))).rejects.toMatchObject({ reason: 'log_queue_full' });
    await log.release();
    await first;
  });

  test('refuses everything once the log breaks and says so once', async () => {
    const log = new MemoryLog();
    log.append = () => Promise.reject(new Fault('data_loss', 'EIO', { reason: 'log_broken' }));
    const faults: Fault[] = [];
    const node = new SingleNode({ log, apply: broken, onBroken: (fault) => faults.push(fault) });
    const outcomes = await Promise.allSettled([
      node.propose(Buffer.from('a')),
      node.propose(Buffer.from('b')),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(node.propose(Buffer.from('c'))).rejects.toMatchObject({ reason: 'log_broken' });
    expect(faults).toHaveLength(1);
  });
});
