import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@ringwatch/kernel/fake';
import { expect, test } from 'vitest';
import { checkJepsenHistory, listJepsenHistories } from './jepsen-histories.ts';

const WRITE = 'INFO  jepsen.util - 0\t:invoke\t:write\t1\nINFO  jepsen.util - 0\t:ok\t:write\t1\n';
const STALE_READ = 'INFO  jepsen.util - 0\t:invoke\t:read\tnil\nINFO  jepsen.util - 0\t:ok\t:read\tnil\n';

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'ringwatch-jepsen-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

test('a history with the expected verdict passes, one with another fails and says why', () => {
  const folder = folderOf({
    'bad.log': WRITE + STALE_READ,
    'good.log': WRITE,
    'wrong.log': WRITE + STALE_READ,
    'expected.json': '{"bad.log": false, "good.log": true, "wrong.log": true}',
  });
  const [bad, good, wrong] = listJepsenHistories(folder).map((history) =>
    checkJepsenHistory(history, new FakeClock()),
  );
  expect([bad, good]).toEqual([undefined, undefined]);
  expect(wrong).toMatch(/^wrong\.log: expected linearizable, found not linearizable: /);
});

test.each<{ title: string; files: Record<string, string>; code: string }>([
  { title: 'a folder without verdicts', files: {}, code: 'not_found' },
  { title: 'no history', files: { 'expected.json': '{}' }, code: 'failed_precondition' },
  {
    title: 'a verdict without its log',
    files: { 'expected.json': '{"a.log": true}' },
    code: 'failed_precondition',
  },
  {
    title: 'a log without its verdict',
    files: { 'expected.json': '{"a.log": true}', 'a.log': WRITE, 'b.log': WRITE },
    code: 'failed_precondition',
  },
])('$title is a fault', ({ files, code }) => {
  expect(() => listJepsenHistories(folderOf(files))).toThrow(`[${code}]`);
});
