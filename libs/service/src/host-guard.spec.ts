import { expect, test } from 'vitest';
import { hostRefusal } from './host-guard.ts';

test.each(['localhost:7301', 'LOCALHOST', '127.0.0.1:7301', '127.9.9.9', '[::1]:7301', '[::1]', undefined])(
  'a listener on loopback answers %s',
  (host) => {
    for (const listen of ['127.0.0.1', '::1', 'localhost']) expect(hostRefusal(listen, host)).toBeUndefined();
  },
);

test.each([
  'evil.example:7301',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  '192.168.0.7',
  '[::2]',
  '',
  'a b',
])('a listener on loopback refuses %j', (host) => {
  expect(hostRefusal('127.0.0.1', host)).toMatchObject({
    code: 'permission_denied',
    reason: 'host_not_allowed',
  });
});

test('a listener for everyone answers any name', () => {
  for (const listen of ['0.0.0.0', '::', '10.0.0.1']) {
    expect(hostRefusal(listen, 'metrics.example')).toBeUndefined();
  }
});
