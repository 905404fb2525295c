import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Timeline } from './timeline.ts';

test('a timeline agrees with a sorted map under any inserts, removals and reads', () => {
  const step = fc.record({
    kind: fc.constantFrom('insert', 'insert', 'remove', 'range'),
    at: fc.nat(60),
    length: fc.nat(30),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const timeline = new Timeline();
      const model = new Map<number, number>();
      steps.forEach(({ kind, at, length }, index) => {
        if (kind === 'insert' && !model.has(at)) {
          timeline.insert(at, index, index * 2, index * 3);
          model.set(at, index);
        } else if (kind === 'remove') {
          timeline.remove(at, model.get(at) ?? -1);
          model.delete(at);
        }
        const expected = [...model.keys()]
          .filter((key) => key >= at && key < at + length)
          .toSorted((a, b) => a - b);
        expect(timeline.range(at, at + length, 100).map(({ timestamp }) => timestamp)).toEqual(expected);
        expect(timeline.find(at)?.index).toBe(model.get(at));
        expect(timeline.length).toBe(model.size);
      });
    }),
  );
});

test('an entry removes only the places that are its own', () => {
  const timeline = new Timeline();
  timeline.insert(5, 2, 0, 0);
  timeline.remove(5, 1);
  expect(timeline.find(5)?.index).toBe(2);
});
