export { Fault, FAULT_CODES, isRetryable, toFault, type FaultCode, type FaultOptions } from './fault.ts';
export { assert, AssertionError, unreachable } from './assert.ts';
export { sleep, TIMER_MAX_MS, type Clock } from './clock.ts';
export { backoffMs, randomBelow, type Random } from './random.ts';
export { silentLogger, type Logger } from './logger.ts';
