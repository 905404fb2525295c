import { expect, test } from 'vitest';
import { formatRoute, parseRoute } from './route.ts';

test.each([
  '/',
  '/?metric=memory&view=table&find=web&status=offline',
  '/hosts/web-1',
  '/hosts/web-1?range=15m',
  '/hosts/%C3%BC%2F1',
])('%s survives being read and written', (address) => {
  const url = new URL(address, 'http://x');
  expect(formatRoute(parseRoute(url.pathname, url.search))).toBe(address);
});

test.each([
  ['an unknown path', '/nowhere', ''],
  ['a malformed escape', '/hosts/%E0%A4%A', ''],
  ['no host', '/hosts/', ''],
])('%s is the fleet', (_what, path, search) => {
  expect(parseRoute(path, search).page).toBe('fleet');
});

test('a status that there is not shows all hosts', () => {
  expect(parseRoute('/', '?status=broken')).toMatchObject({ status: undefined });
});

test('a range that is a name of Object.prototype is the default', () => {
  expect(parseRoute('/hosts/a', '?range=toString')).toMatchObject({ range: '5m' });
});
