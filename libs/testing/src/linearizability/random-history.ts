/**
 * Histories that are linearizable because somebody did them: clients call, an object takes each operation at
 * one instant between call and return, in an order that chance decides. Some clients give up; what they asked
 * for takes effect later, perhaps after their next operations, or never.
 */
import { randomBelow, type Random } from '@ringwatch/kernel';
import { History, type Operation, type PendingOperation } from './history.ts';

export interface ObjectOptions<Input, Output> {
  readonly random: Random;
  readonly clients: number;
  readonly operations: number;
  /** The share of clients' calls that they give up, 0 to 1. */
  readonly unknownShare: number;
  /** What a client asks for next. */
  readonly nextInput: (client: number) => Input;
  /** Takes effect and answers. */
  readonly apply: (input: Input) => Output;
}

/** Where a client is in its operation. */
type Progress<Input, Output> =
  | { readonly kind: 'idle' }
  | { readonly kind: 'called'; readonly input: Input; readonly pending: PendingOperation<Output> }
  | { readonly kind: 'done'; readonly output: Output; readonly pending: PendingOperation<Output> };

/** The share of its turns that a client lets pass: what makes operations overlap. */
const HESITATION = 0.5;
/** The chance in each turn that something which a client gave up takes effect. */
const LATE_EFFECT = 0.01;

/** Runs `operations` operations of `clients` clients and returns what they saw. */
export function executeAtRandom<Input, Output>(
  options: ObjectOptions<Input, Output>,
): readonly Operation<Input, Output>[] {
  const { random, clients, operations, unknownShare, nextInput, apply } = options;
  const history = new History<Input, Output>();
  const progress = Array.from({ length: clients }, (): Progress<Input, Output> => ({ kind: 'idle' }));
  const givenUp: Input[] = [];
  const afterTurn = (now: Progress<Input, Output>): Progress<Input, Output> => {
    switch (now.kind) {
      case 'idle':
        return now;
      case 'called':
        if (random.next() >= unknownShare)
          return { kind: 'done', output: apply(now.input), pending: now.pending };
        givenUp.push(now.input);
        return { kind: 'idle' };
      case 'done':
        now.pending.answered(now.output);
        return { kind: 'idle' };
    }
  };
  let calls = 0;
  while (calls < operations || progress.some(({ kind }) => kind !== 'idle')) {
    if (givenUp.length > 0 && random.next() < LATE_EFFECT) {
      const [late] = givenUp.splice(randomBelow(random, givenUp.length), 1);
      apply(late as Input);
    }
    const client = randomBelow(random, clients);
    const now = progress[client] as Progress<Input, Output>;
    if (random.next() < HESITATION) continue;
    if (now.kind === 'idle' && calls < operations) {
      calls++;
      const input = nextInput(client);
      progress[client] = { kind: 'called', input, pending: history.call(client, input) };
    } else {
      progress[client] = afterTurn(now);
    }
  }
  return history.operations;
}
