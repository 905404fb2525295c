import { describe, expect, test } from 'vitest';
import { checkHostId, DEFAULT_LIMITS, isCounter, schemaOf, checkSchemaKeys } from '@ringwatch/metrics';
import { DemoHost } from './demo-host.ts';

describe('a made-up host', () => {
  test('is the same host each time, and another number is another host', () => {
    const run = (number: number): unknown => {
      const host = new DemoHost(number);
      for (let i = 0; i < 50; i++) host.advance(1);
      return [host.id, host.labels, [...host.advance(1)]];
    };
    expect(run(3)).toEqual(run(3));
    expect(run(3)).not.toEqual(run(4));
  });

  test('is labelled synthetic, and its id and series keys are accepted as they are', () => {
    const host = new DemoHost(1);
    expect(host.labels['synthetic']).toBe('true');
    expect(checkHostId(host.id, DEFAULT_LIMITS)).toBeUndefined();
    const { keys } = schemaOf([...host.advance(1).keys()]);
    expect(() => checkSchemaKeys(keys, DEFAULT_LIMITS)).not.toThrow();
  });

  test('counters never fall, gauges stay plausible, and CPU time adds up to the time that passed', () => {
    for (const number of [1, 2, 3, 17]) {
      const host = new DemoHost(number);
      let before = host.advance(1);
      for (let i = 0; i < 500; i++) {
        const values = host.advance(1);
        for (const [key, value] of values) {
          expect(Number.isFinite(value)).toBe(true);
          expect(isCounter(key) && value < (before.get(key) ?? 0)).toBe(false);
        }
        before = values;
      }
      const cpuSeconds = [...before]
        .filter(([key]) => key.includes('cpu="0"'))
        .reduce((sum, [, value]) => sum + value, 0);
      expect(cpuSeconds).toBeCloseTo(501, 6);
      const available = before.get('memory_available_bytes') ?? -1;
      expect(available).toBeGreaterThan(0);
      expect(available).toBeLessThan(before.get('memory_total_bytes') ?? 0);
    }
  });
});
