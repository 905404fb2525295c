/**
 * What the search field understands: words that must all hold. `web` and `web-*` are found anywhere in a
 * host's name; `role:db` and `role=d*` mean a label whose value begins so.
 */
import { compileGlob } from '@ringwatch/live';
import type { FleetHost } from './fleet-store.ts';

export type HostTest = (host: Pick<FleetHost, 'id' | 'labels'>) => boolean;

/** A test for what was typed; every host passes when that is nothing. */
export function compileFind(find: string): HostTest {
  const tests = find.toLowerCase().split(/\s+/).filter(Boolean).map(compileWord);
  return (host) => tests.every((test) => test(host));
}

function compileWord(word: string): HostTest {
  const inName = compileGlob(`*${word}*`);
  const [, label, value] = /^([^:=]+)[:=](.*)$/.exec(word) ?? [];
  if (label === undefined) return ({ id }) => inName(id.toLowerCase());
  const hasValue = compileGlob(`${value}*`);
  return ({ id, labels }) =>
    inName(id.toLowerCase()) || // Names of hosts may hold colons too.
    Object.entries(labels).some(
      ([name, text]) => name.toLowerCase() === label && hasValue(text.toLowerCase()),
    );
}
