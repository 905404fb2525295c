import { describe, expect, test } from 'vitest';
import { COMMAND_OPTIONS, SUBSCRIBER_OPTIONS } from './redis-options.ts';

describe('an outage of Redis is seen at once, not after the 73 s of the defaults', () => {
  test('commands fail within 2 s and are neither queued nor sent twice', () => {
    expect(COMMAND_OPTIONS).toMatchObject({
      connectTimeout: 1_000,
      disconnectTimeout: 500,
      commandTimeout: 1_500,
      socketTimeout: 2_000,
      maxRetriesPerRequest: 1,
      enableOfflineQueue: false,
      enableAutoPipelining: false,
      autoResendUnfulfilledCommands: false,
      failoverDetector: true,
    });
  });

  test('a connection is tried again at least twice a second, for ever', () => {
    for (const attempt of [1, 10, 10_000])
      expect(COMMAND_OPTIONS.retryStrategy(attempt)).toBeLessThanOrEqual(500);
  });

  test.each(['READONLY You can not write', 'LOADING Redis is loading', 'MASTERDOWN Link with MASTER'])(
    'connects anew after %s',
    (message) => {
      expect(COMMAND_OPTIONS.reconnectOnError(new Error(message))).toBe(2);
    },
  );

  test('keeps the connection after other errors', () => {
    expect(COMMAND_OPTIONS.reconnectOnError(new Error('WRONGTYPE Operation'))).toBe(false);
  });

  test('a silent subscriber is not cut off', () => {
    expect(SUBSCRIBER_OPTIONS.socketTimeout).toBeUndefined();
    expect(SUBSCRIBER_OPTIONS.autoResubscribe).toBe(true);
  });
});
