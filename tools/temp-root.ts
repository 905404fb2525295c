/**
 * Vitest's global setup: one fresh temporary folder for a whole run, removed at its end.
 *
 * Specs make their folders below `tmpdir()`, which follows TMPDIR; workers inherit it, and so do the
 * processes that they start. A spec therefore need not remove what it made.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let root: string | undefined;
let before: string | undefined;

export function setup(): void {
  before = process.env['TMPDIR'];
  root = mkdtempSync(join(tmpdir(), 'ringwatch-test-'));
  process.env['TMPDIR'] = root;
}

export function teardown(): void {
  if (before === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = before;
  if (root !== undefined) rmSync(root, { recursive: true, force: true, maxRetries: 3 });
}
