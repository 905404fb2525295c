import { expect, test } from 'vitest';
import {
  compileFilter,
  encodeFrame,
  LatestTable,
  LiveChannel,
  LiveSession,
  parseServerFrame,
} from './index.ts';

test('the example of the README does what it says', () => {
  const latest = new LatestTable();
  const channel = new LiveChannel('web', compileFilter({ id: 'web', hosts: { globs: ['web-*'] } }));
  const session = new LiveSession();
  const sent: string[] = [];

  const schema = { hash: 'h1', keys: ['load1'] };
  const report = {
    hostId: 'web-1',
    timestamp: 1_700_000_000,
    intervalMs: 1_000,
    labels: {},
    schema,
    values: [0.25],
  };
  latest.offer(report);

  channel.prepare(latest.values());
  for (const _step of channel.judge()) expect(channel.settled).toBe(false);

  const at = { bufferedBytes: 0, monotonicMs: 0, wallMs: 1_700_000_000_500 };
  for (const effect of session.begin(channel, channel.snapshot(latest.values()), at)) {
    if (effect.kind === 'send') sent.push(effect.text);
  }
  const snapshot = parseServerFrame(sent[0] as string);
  expect(snapshot).toMatchObject({
    type: 'snapshot',
    reports: [{ host: 'web-1', schema: 0, values: [0.25] }],
  });

  const update = channel.update([{ ...report, timestamp: 1_700_000_001 }], 1_700_000_001_500);
  // The text of the update is sent as it is, the same to all viewers.
  expect(update && session.offer(channel, update, at)).toEqual([{ kind: 'forward' }]);
  expect(encodeFrame({ type: 'ping' })).toBe('{"v":1,"type":"ping"}');
});
