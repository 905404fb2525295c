import { HostStatus, type Host, type ListHostsRequest } from '@ringwatch/contracts';
import { LatestTable } from '@ringwatch/live';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { justBefore, Queries, type QueryBrokers } from './queries.ts';

/** Brokers that list `ids` as real ones do: in the order of UTF-16 code units. */
function brokersWith(ids: readonly string[]) {
  const sorted = ids.toSorted();
  const asked: ListHostsRequest[] = [];
  const listHosts = async (request: ListHostsRequest) => {
    asked.push(request);
    const rest = sorted.filter((id) => id > request.after);
    const hosts = rest.slice(0, request.limit).map(hostOf);
    const nextAfter = rest.length > hosts.length ? (hosts.at(-1)?.hostId ?? '') : '';
    return { hosts, nextAfter, total: sorted.length, completeness: undefined };
  };
  const brokers = { listHosts } as unknown as QueryBrokers;
  return { asked, queries: new Queries(brokers, new LatestTable(), { ageMs: 0, primed: true }) };
}

function hostOf(hostId: string): Host {
  const times = { firstSeenMs: 1_000, lastSeenMs: 2_500, latestTimestamp: 2 };
  return { hostId, status: HostStatus.ONLINE, intervalMs: 1_000, labels: {}, ...times };
}

const names = fc.string({ unit: 'binary', minLength: 1, maxLength: 4 });

describe('one host', () => {
  test('is found whatever the others are called', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(names, { minLength: 1, maxLength: 60 }), async (ids) => {
        const { queries } = brokersWith(ids);
        for (const id of ids) expect(await queries.host(id)).toMatchObject({ hostId: id });
      }),
      { numRuns: 50 },
    );
  });

  test('is found among ids that sort differently as UTF-8', async () => {
    const { queries } = brokersWith(['b', 'a\uff01', 'a\uff02', 'a\uff03', 'a😀']);
    for (const id of ['b', 'a😀']) expect(await queries.host(id)).toMatchObject({ hostId: id });
  });

  test('is found behind more ids than a page holds that only it should follow', async () => {
    const between = Array.from({ length: 50 }, (_, i) => `a\uffff${i}`);
    const { queries } = brokersWith(['a', ...between, 'b']);
    expect(await queries.host('b')).toMatchObject({ hostId: 'b' });
  });

  test('that nobody reported is not found, by a single question', async () => {
    const { queries, asked } = brokersWith(Array.from({ length: 50 }, (_, i) => `web-${i}`));
    await expect(queries.host('web-0x')).rejects.toMatchObject({ reason: 'host_not_found' });
    expect(asked).toHaveLength(1);
  });
});

describe('the text just before an id', () => {
  test.each(['web-1', 'a', '\u0000', 'a\u0000', 'ü', '\ue000', '😀', '\u{10000}'])('%j sorts so', (id) => {
    expect(justBefore(id) < id).toBe(true);
  });

  test('leaves nothing between that people would name a host', () => {
    const unit = fc.constantFrom(
      'a',
      'b',
      '-',
      '\ud7ff',
      '\u{10000}',
      '😀',
      '\u{10ffff}',
      '\ue000',
      '\uff01',
    );
    const likely = fc.string({ unit, minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(likely, likely, (id, other) => {
        expect(other > justBefore(id) && other < id).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });
});
