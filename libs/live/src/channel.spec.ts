import { expect, test } from 'vitest';
import { compileFilter, LiveChannel, type LiveReport, type SubscribeFrame } from './index.ts';

function report(hostId: string, timestamp: number, keys: readonly string[] = ['load1']): LiveReport {
  const values = keys.map(() => timestamp);
  return { hostId, timestamp, intervalMs: 1_000, labels: {}, schema: { hash: keys.join(), keys }, values };
}

const channelOf = (fields: Partial<SubscribeFrame>): LiveChannel =>
  new LiveChannel('s', compileFilter({ id: 's', ...fields }));
const webOnly = { hosts: { globs: ['web-*'] } };
const sentBy = (channel: LiveChannel, ...reports: LiveReport[]): string[] =>
  (channel.update(reports, 0)?.reports ?? []).map(({ host, timestamp }) => `${host}@${timestamp}`);

test('globs are matched only by judging, a host or a key at a step', () => {
  const channel = channelOf({ ...webOnly, metrics: { globs: ['load*'] } });
  const latest = [report('web-1', 1, ['load1', 'load5']), report('web-2', 1, ['load1', 'load5'])];
  expect(channel.prepare(latest)).toBe(false);
  expect(channel.snapshot(latest).reports).toEqual([]);
  expect(Array.from(channel.judge())).toHaveLength(2 + 2); // Both hosts, and the keys of one schema.
  expect(channel.prepare(latest)).toBe(true);
  expect(channel.snapshot(latest).reports).toHaveLength(2);
});

test('without globs nothing has to wait', () => {
  const channel = channelOf({ hosts: { ids: ['a'] }, metrics: { names: ['load1'] } });
  expect(channel.prepare([report('a', 1), report('b', 1)])).toBe(true);
  expect(sentBy(channel, report('a', 2), report('b', 2))).toEqual(['a@2']);
});

test('a new host is told once it is judged, with its newest report only', () => {
  const channel = channelOf(webOnly);
  expect(sentBy(channel, report('web-1', 1), report('db-1', 1))).toEqual([]);
  expect(sentBy(channel, report('web-1', 2))).toEqual([]);
  Array.from(channel.judge());
  expect(channel.settled).toBe(true);
  expect(sentBy(channel, report('web-1', 3))).toEqual(['web-1@2', 'web-1@3']);
});

test('a report that comes while its host is being judged is neither lost nor told unjudged', () => {
  const channel = channelOf({ ...webOnly, metrics: { globs: ['load*'] } });
  channel.prepare([report('web-1', 1)]);
  const steps = channel.judge();
  steps.next();
  expect(sentBy(channel, report('web-1', 2, ['load1', 'load5']))).toEqual([]);
  while (steps.next().done !== true);
  expect(channel.settled).toBe(true);
  expect(sentBy(channel)).toEqual(['web-1@2']);
});

test('what a snapshot has is not told again', () => {
  const channel = channelOf(webOnly);
  channel.prepare([report('web-1', 1)]);
  Array.from(channel.judge());
  expect(sentBy(channel)).toEqual([]);
});
