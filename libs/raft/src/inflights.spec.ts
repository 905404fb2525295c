import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Inflights } from './inflights.ts';

const commandsArb = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('add' as const), bytes: fc.integer({ min: 0, max: 40 }) }),
    fc.record({ kind: fc.constant('free' as const), behind: fc.integer({ min: 0, max: 12 }) }),
    fc.record({ kind: fc.constant('reset' as const) }),
  ),
  { maxLength: 200 },
);

test('does what a plain list would do, whatever is added and freed', () => {
  const limitArb = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(limitArb, commandsArb, (messagesMax, commands) => {
      const inflights = new Inflights({ messagesMax, bytesMax: 100 });
      let list: { index: number; bytes: number }[] = [];
      let index = 0;
      for (const command of commands) {
        switch (command.kind) {
          case 'add':
            if (inflights.full) break;
            inflights.add(++index, command.bytes);
            list.push({ index, bytes: command.bytes });
            break;
          case 'free':
            inflights.freeTo(index - command.behind);
            list = list.filter((message) => message.index > index - command.behind);
            break;
          case 'reset':
            inflights.reset();
            list = [];
        }
        const bytes = list.reduce((sum, message) => sum + message.bytes, 0);
        expect(inflights.count).toBe(list.length);
        expect(inflights.full).toBe(list.length === messagesMax || bytes >= 100);
      }
    }),
  );
});

test('takes no message past its window: that would be a bug of the leader', () => {
  const inflights = new Inflights({ messagesMax: 1, bytesMax: Infinity });
  inflights.add(1, 0);
  expect(() => inflights.add(2, 0)).toThrow(/past the window/);
});

test('a message larger than the whole window may travel alone', () => {
  const inflights = new Inflights({ messagesMax: 8, bytesMax: 10 });
  inflights.add(1, 1_000);
  expect(inflights.full).toBe(true);
  inflights.freeTo(1);
  expect(inflights.full).toBe(false);
});
