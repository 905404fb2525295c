import { describe, expect, test } from 'vitest';
import { FlushPlan, WATERMARK_TRAIL_MS } from './flush-plan.ts';

/** A plan with three applied entries of 10 bytes, started with the given numbers of batches. */
function planOf(...batches: number[]): FlushPlan {
  const plan = new FlushPlan(0);
  batches.forEach((count, i) => {
    plan.applied(i + 1, 10);
    plan.start(i + 1, count);
  });
  return plan;
}

describe('flush plan', () => {
  test('passes an entry only when all its batches and all entries before are done', () => {
    const plan = planOf(1, 2, 0);
    plan.done(2);
    plan.done(2);
    plan.advance(0);
    expect(plan.flushedIndex).toBe(0);
    plan.done(1);
    plan.advance(0);
    expect(plan.flushedIndex).toBe(3);
  });

  test('counts what is applied and not flushed', () => {
    const plan = planOf(1, 1);
    expect(plan.unflushedBytes).toBe(20);
    plan.done(1);
    plan.advance(0);
    expect(plan.unflushedBytes).toBe(10);
  });

  test('the watermark trails the acknowledgement', () => {
    const plan = planOf(1);
    plan.done(1);
    plan.advance(1_000);
    expect(plan.takeWatermark(1_000 + WATERMARK_TRAIL_MS - 1)).toBeUndefined();
    expect(plan.takeWatermark(1_000 + WATERMARK_TRAIL_MS)).toBe(1);
    expect(plan.takeWatermark(1_000 + 2 * WATERMARK_TRAIL_MS)).toBeUndefined();
  });

  test('a rewind makes later entries unflushed and their acknowledgements void', () => {
    const plan = planOf(1, 1);
    plan.done(1);
    plan.advance(0);
    plan.done(2);
    plan.advance(1);
    plan.rewind(1);
    expect(plan.flushedIndex).toBe(1);
    expect(plan.takeWatermark(WATERMARK_TRAIL_MS * 2)).toBe(1);
  });

  test('a batch that nobody waits for is our bug', () => {
    expect(() => planOf(1).done(7)).toThrow('waits for a batch');
  });
});
