/**
 * Histories of a register as Jepsen logs them: one line per invocation and completion, with the process, the
 * type, the function and its value, separated by white space.
 *
 *     INFO  jepsen.util - 2  :invoke  :cas  [3 0]
 *
 * 1. `:ok` is an answer. `:fail` of a compare-and-set that repeats its value is one too: the register held
 *    something else. Any other `:fail` says that nothing happened, and the operation is left out.
 * 2. `:info`, and no completion at all, mean an unknown outcome.
 * 3. Lines about something else, such as the nemesis, are passed over; a line about an operation that makes
 *    no sense is a fault, because a history with a hole proves nothing.
 */
import { Fault } from '@ringwatch/kernel';
import type { RegisterInput, RegisterOutput } from './cas-register.ts';
import { History, type Operation, type PendingOperation } from './history.ts';

const LINE = /^\w+\s+jepsen\.util\s+-\s+(?<process>\d+)\s+:(?<type>\w+)\s+:(?<name>\w+)\s+(?<value>.*\S)\s*$/;
const OF_A_PROCESS = /jepsen\.util\s+-\s+\d/;

interface Invocation {
  readonly name: string;
  readonly value: string;
  readonly pending: PendingOperation<RegisterOutput>;
}

/**
 * The operations of a log, in order of their calls; times are positions in the log.
 * @throws {Fault} `invalid_argument` with the number of the line that makes no sense.
 */
export function parseJepsenLog(text: string): readonly Operation<RegisterInput, RegisterOutput>[] {
  const history = new History<RegisterInput, RegisterOutput>();
  const invocations = new Map<number, Invocation>();
  for (const [index, line] of text.split('\n').entries()) {
    const fields = LINE.exec(line)?.groups;
    const malformed = (why: string) =>
      new Fault('invalid_argument', `line ${index + 1}: ${why}: ${line.trim()}`);
    if (fields === undefined) {
      if (OF_A_PROCESS.test(line)) throw malformed('not an operation');
      continue;
    }
    const { type, name = '', value = '' } = fields;
    const process = Number(fields['process']);
    const invocation = invocations.get(process);
    if (type === 'invoke') {
      const input = inputOf(name, value);
      if (input === undefined) throw malformed('not an invocation');
      if (invocation !== undefined) throw malformed('the process has an operation under way');
      invocations.set(process, { name, value, pending: history.call(process, input) });
      continue;
    }
    if (invocation === undefined || invocation.name !== name) throw malformed('completes nothing');
    if (!complete(invocation, type, value)) throw malformed('not a completion');
    invocations.delete(process);
  }
  return history.operations;
}

function inputOf(name: string, value: string): RegisterInput | undefined {
  const numbers = value.match(/-?\d+/g)?.map(Number) ?? [];
  const [first = 0, second = 0] = numbers;
  if (name === 'read' && value === 'nil') return { kind: 'read' };
  if (name === 'write' && /^-?\d+$/.test(value)) return { kind: 'write', value: first };
  if (name === 'cas' && /^\[-?\d+\s+-?\d+\]$/.test(value)) return { kind: 'cas', from: first, to: second };
  return undefined;
}

/** Ends an operation as the log says; false when the log cannot say that. */
function complete({ name, value, pending }: Invocation, type: string | undefined, result: string): boolean {
  if (type === 'info') return true;
  if (type === 'fail') {
    if (name === 'cas' && result === value) pending.answered(false);
    else pending.refused();
    return true;
  }
  if (type !== 'ok') return false;
  if (name === 'read') {
    if (!/^(nil|-?\d+)$/.test(result)) return false;
    pending.answered(result === 'nil' ? null : Number(result));
    return true;
  }
  if (result !== value) return false;
  pending.answered(name === 'cas' ? true : null);
  return true;
}
