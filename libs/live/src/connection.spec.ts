import { describe, expect, test } from 'vitest';
import { nextPhase, nextViewing, type ConnectionEvent, type Phase, type Viewing } from './index.ts';

function phaseAfter(events: readonly ConnectionEvent[], from: Phase = 'connecting'): Phase {
  return events.reduce(nextPhase, from);
}

describe('connection', () => {
  test.each<[string, readonly ConnectionEvent[], Phase]>([
    ['a first report makes it live', ['opening', 'welcomed', 'data'], 'live'],
    ['no host at all is empty', ['opening', 'welcomed', 'nothing'], 'empty'],
    ['an empty fleet does not become stale', ['opening', 'welcomed', 'nothing', 'silence'], 'empty'],
    ['silence makes it stale, data live again', ['opening', 'welcomed', 'data', 'silence', 'data'], 'live'],
    ['a lost socket is reconnecting', ['opening', 'welcomed', 'data', 'lost'], 'reconnecting'],
    ['old data stays old until new data comes', ['data', 'lost', 'opening', 'welcomed'], 'reconnecting'],
    ['new data ends it', ['data', 'lost', 'opening', 'welcomed', 'data'], 'live'],
    ['a refusal is an error', ['opening', 'refused'], 'error'],
    ['which the closing socket does not undo', ['opening', 'refused', 'lost'], 'error'],
    ['but a retry does', ['opening', 'refused', 'lost', 'opening'], 'connecting'],
  ])('%s', (_claim, events, phase) => {
    expect(phaseAfter(events)).toBe(phase);
  });

  test('frozen data is never live: silence and loss leave it from every phase', () => {
    const phases: Phase[] = ['connecting', 'live', 'stale', 'reconnecting', 'empty', 'error'];
    const after = phases.flatMap((phase) => [nextPhase(phase, 'silence'), nextPhase(phase, 'lost')]);
    expect(after).not.toContain('live');
  });
});

describe('viewing', () => {
  test('a pause counts the updates it misses, and following forgets them', () => {
    let viewing: Viewing = { mode: 'following' };
    const events = ['update', 'pause', 'update', 'update', 'pause'] as const;
    for (const event of events) viewing = nextViewing(viewing, event);
    expect(viewing).toEqual({ mode: 'paused', behind: 2 });
    expect(nextViewing(viewing, 'follow')).toEqual({ mode: 'following' });
  });
});
