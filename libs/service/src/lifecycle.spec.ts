import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { FakeClock, MemoryLogger, settle } from '@ringwatch/kernel/fake';
import { Lifecycle } from './lifecycle.ts';
import { Readiness } from './readiness.ts';

function scene(options: { deadlineMs?: number; noticeMs?: number } = {}) {
  const clock = new FakeClock();
  const logger = new MemoryLogger();
  const readiness = new Readiness();
  const exits: number[] = [];
  const lifecycle = new Lifecycle({ logger, readiness, clock, exit: (code) => exits.push(code), ...options });
  return {
    clock,
    logger,
    readiness,
    exits,
    lifecycle,
    messages: () => logger.lines.map((line) => line.message),
  };
}

describe('shutdown', () => {
  test('readiness turns first, stages run in order, and close runs the last registered first', async () => {
    const { lifecycle, readiness, exits } = scene();
    const ran: string[] = [];
    lifecycle.on('close', 'store', () => void ran.push('close store'));
    lifecycle.on('close', 'cache', () => void ran.push('close cache'));
    lifecycle.on('drain', 'streams', () => void ran.push('drain'));
    lifecycle.on('stop-accepting', 'http', () => void ran.push(`stop, draining ${readiness.draining}`));
    expect(await lifecycle.shutdown('test')).toBe(0);
    expect(ran).toEqual(['stop, draining true', 'drain', 'close cache', 'close store']);
    expect(exits).toEqual([0]);
  });

  test('a failing task is logged, makes the exit code 1 and keeps nothing else from running', async () => {
    const { lifecycle, exits, messages } = scene();
    let closed = false;
    lifecycle.on('close', 'store', () => void (closed = true));
    lifecycle.on('drain', 'bad', () => Promise.reject(new Error('boom')));
    await lifecycle.shutdown('test');
    expect(closed).toBe(true);
    expect(exits).toEqual([1]);
    expect(messages()).toContain('shutdown task failed');
  });

  test('after the deadline it exits 1 once and names what was still running', async () => {
    const { clock, lifecycle, logger, exits } = scene({ deadlineMs: 1_000 });
    let finish: () => void = () => undefined;
    lifecycle.on('drain', 'stuck stream', () => new Promise<void>((resolve) => (finish = resolve)));
    const ended = lifecycle.shutdown('test');
    await clock.advance(999);
    expect(exits).toEqual([]);
    await clock.advance(1);
    expect(exits).toEqual([1]);
    expect(logger.lines.find((line) => line.level === 'error')?.fields).toMatchObject({
      running: ['drain: stuck stream'],
    });
    finish();
    await ended;
    expect(exits).toEqual([1]);
  });

  test('load balancers get their notice between readiness and the closed listener', async () => {
    const { clock, lifecycle, readiness } = scene({ noticeMs: 200 });
    let stopped = false;
    lifecycle.on('stop-accepting', 'http', () => void (stopped = true));
    const ended = lifecycle.shutdown('test');
    await clock.advance(199);
    expect([readiness.draining, stopped]).toEqual([true, false]);
    await clock.advance(1);
    await ended;
    expect(stopped).toBe(true);
  });

  test('its signal aborts at once, and no timer is left behind', async () => {
    const { clock, lifecycle } = scene();
    const ended = lifecycle.shutdown('test');
    expect(lifecycle.signal.aborted).toBe(true);
    await ended;
    expect(clock.pending).toBe(0);
  });
});

describe('installed', () => {
  test('a repeated signal does not end the process twice', async () => {
    const { lifecycle, exits, messages } = scene();
    const target = new EventEmitter();
    lifecycle.install(target);
    target.emit('SIGINT', 'SIGINT');
    target.emit('SIGTERM', 'SIGTERM');
    await settle();
    expect(exits).toEqual([0]);
    expect(messages().filter((message) => message === 'shutting down')).toHaveLength(1);
  });

  test.each(['uncaughtException', 'unhandledRejection'])(
    '%s logs once and exits 1 without a drain',
    async (event) => {
      const { lifecycle, exits, messages } = scene();
      const target = new EventEmitter();
      let drained = false;
      lifecycle.on('drain', 'streams', () => void (drained = true));
      lifecycle.install(target);
      target.emit(event, new Error('bug'));
      target.emit(event, new Error('its echo'));
      await settle();
      expect(exits).toEqual([1]);
      expect(drained).toBe(false);
      expect(messages()).toEqual(['uncaught: this is a bug']);
    },
  );

  test('uninstalling takes every listener off', () => {
    const target = new EventEmitter();
    scene().lifecycle.install(target)();
    expect(target.eventNames()).toEqual([]);
  });
});
