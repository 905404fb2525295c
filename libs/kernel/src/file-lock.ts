/**
 * One process per data folder: a lock file that names its owner.
 *
 * 1. The owner is a pid with its start time, so that a pid that was given to another process is not mistaken
 *    for it.
 * 2. A lock whose owner is gone is taken over. Only who holds the takeover file may do that, and only after
 *    looking again: two processes that find the same stale lock cannot both win.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Fault, toFault } from './fault.ts';

/**
 * Takes the lock file at `path`; the returned function gives it back.
 * @throws {Fault} `failed_precondition`, reason `store_locked`, while another process, or this one, holds it.
 */
export function acquireFileLock(path: string): () => void {
  const own = identityOf(process.pid);
  if (!createNew(path, own)) takeOver(path, own);
  return () => {
    if (read(path) === own) rmSync(path, { force: true });
  };
}

function takeOver(path: string, own: string): void {
  const found = read(path);
  if (found !== undefined && isAlive(found)) throw held(path, found);
  const takeover = `${path}.takeover`;
  if (!createNew(takeover, own)) {
    const taker = read(takeover);
    // Its maker died at it. This attempt is refused all the same, so that nobody takes over beside it.
    if (taker !== undefined && !isAlive(taker)) rmSync(takeover, { force: true });
    throw held(takeover, taker ?? 'another process');
  }
  try {
    const again = read(path);
    if (again !== undefined && isAlive(again)) throw held(path, again);
    const next = `${takeover}.next`;
    writeFileSync(next, own, { mode: 0o600 });
    renameSync(next, path);
  } finally {
    rmSync(takeover, { force: true });
  }
}

/** True when the file did not exist and now holds `text`. */
function createNew(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw toFault(error, 'failed_precondition');
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function isAlive(identity: string): boolean {
  const pid = Number.parseInt(identity, 10);
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false; // EPERM: it lives, as somebody else.
  }
  return identityOf(pid) === identity;
}

/** `pid start-time`; the start time is Linux's (field 22 of /proc/pid/stat), elsewhere empty. */
function identityOf(pid: number): string {
  const stat = read(`/proc/${pid}/stat`) ?? '';
  // The second field is the program's name in parentheses and may hold anything, so count from behind it.
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return `${pid} ${started}`;
}

function held(path: string, identity: string): Fault {
  const detail = `${path} is held by process ${identity.split(' ')[0]}`;
  return new Fault('failed_precondition', detail, { reason: 'store_locked' });
}
