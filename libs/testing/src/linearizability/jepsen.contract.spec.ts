import { systemClock } from '@ringwatch/kernel/system';
import { describe, expect, test } from 'vitest';
import { checkJepsenHistory, jepsenFolder, listJepsenHistories } from './jepsen-histories.ts';

const source = jepsenFolder();
const histories = source.available ? listJepsenHistories(source.folder) : [];

describe("Jepsen's histories of etcd", () => {
  const title = source.available ? `there are some in ${source.folder}` : source.reason;
  test.skipIf(!source.available)(title, () => {
    expect(histories.length).toBeGreaterThan(0);
  });

  test.each(histories)('$name: linearizable is $linearizable', (history) => {
    expect(checkJepsenHistory(history, systemClock)).toBeUndefined();
  });
});
