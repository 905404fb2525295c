import { expect, test } from 'vitest';
import { compileFind } from './find-hosts.ts';

const web = { id: 'demo-web-0005', labels: { role: 'web', Zone: 'eu-a' } };
const colon = { id: 'db:1', labels: {} };

test.each([
  ['', true],
  ['  ', true],
  ['web', true],
  ['WEB-0005', true],
  ['web-*', true],
  ['demo*5', true],
  ['db', false],
  ['web-*-5', false],
  ['role:web', true],
  ['role=w', true],
  ['role:*b', true],
  ['role:eb', false],
  ['zone:EU', true],
  ['zone:', true],
  ['rack:', false],
  ['web zone=eu-a', true],
  ['web zone=us', false],
])('“%s” finds demo-web-0005 with its labels: %s', (find, found) => {
  expect(compileFind(find)(web)).toBe(found);
});

test('a name with a colon is found by it', () => {
  expect(compileFind('db:1')(colon)).toBe(true);
});
