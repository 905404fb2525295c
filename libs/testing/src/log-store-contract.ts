import type { LogStore } from '@ringwatch/raft-node';
import { afterEach, describe, expect, test } from 'vitest';

/** What every {@link LogStore} keeps. `openNew` gives a new, empty log. */
export function describeLogStore(name: string, openNew: () => Promise<LogStore>): void {
  const opened: LogStore[] = [];
  const open = async (): Promise<LogStore> => {
    const log = await openNew();
    opened.push(log);
    return log;
  };
  const payload = (text: string): Buffer => Buffer.from(text);

  describe(`log store: ${name}`, () => {
    afterEach(async () => {
      for (const log of opened.splice(0)) await log.close();
    });

    test('starts empty, at index 1', async () => {
      const log = await open();
      expect([log.firstIndex, log.lastIndex]).toEqual([1, 0]);
    });

    test('gives indices without gaps and reads back what was appended', async () => {
      const log = await open();
      expect(await log.append([payload('a'), payload('b')])).toBe(2);
      expect(await log.append([payload('c')])).toBe(3);
      expect((await log.read(2)).toString()).toBe('b');
    });

    test('scans from an index to the end, in order', async () => {
      const log = await open();
      await log.append(['a', 'b'].map(payload));
      await log.append(['c', 'd'].map(payload));
      const seen: string[] = [];
      for await (const { index, payload: bytes } of log.scan(2)) seen.push(`${index}${bytes.toString()}`);
      expect(seen).toEqual(['2b', '3c', '4d']);
    });

    test('keeps empty and large payloads apart', async () => {
      const log = await open();
      const large = Buffer.alloc(100_000, 7);
      await log.append([Buffer.alloc(0), large, Buffer.alloc(0)]);
      expect((await log.read(1)).length).toBe(0);
      expect((await log.read(2)).equals(large)).toBe(true);
    });

    test('refuses to read what was not written', async () => {
      const log = await open();
      await expect(log.read(1)).rejects.toMatchObject({ code: 'out_of_range' });
    });

    test('trims up to the point that it names, never beyond what was asked', async () => {
      const log = await open();
      for (let i = 1; i <= 50; i++) await log.append([Buffer.alloc(100, i)]);
      const point = log.trimPoint(30);
      await log.trim(30);
      expect(log.firstIndex).toBe(point);
      expect(point).toBeLessThanOrEqual(30);
      expect((await log.read(30))[0]).toBe(30);
      if (point > 1) await expect(log.read(point - 1)).rejects.toMatchObject({ code: 'out_of_range' });
      expect(await log.append([payload('next')])).toBe(51);
    });

    test('refuses appends once it is closed', async () => {
      const log = await open();
      await log.close();
      await expect(log.append([payload('a')])).rejects.toMatchObject({ code: 'unavailable' });
    });
  });
}
