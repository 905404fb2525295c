/**
 * Asks a broker for every report of the acknowledged batches and prints how many are missing or differ.
 *
 * usage: node verify.ts GRPC_ADDRESS START_SECONDS < acknowledged sequences, one a line
 */
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { type GetMetricsReply, type GetMetricsRequest, MonitorServiceClient } from '@ringwatch/contracts';
import { credentials } from '@grpc/grpc-js';
import { batchOf, valuesOf } from './report-source.ts';

const [address, start] = process.argv.slice(2) as [string, string];
const client = new MonitorServiceClient(address, credentials.createInsecure());
const getMetrics = promisify<GetMetricsRequest, GetMetricsReply>(client.getMetrics.bind(client));

/** Everything stored of a host from `start` on, by timestamp. */
async function readAll(hostId: string): Promise<Map<number, Buffer>> {
  const found = new Map<number, Buffer>();
  let from: number | undefined = Number(start);
  while (from !== undefined) {
    const when = { $case: 'range', value: { start: from, end: Number(start) + 3_600 } } as const;
    const reply: GetMetricsReply = await getMetrics({ hostId, when, metrics: [], limit: 0 });
    if (reply.completeness?.partial) throw new Error(reply.completeness.missing.join('; '));
    for (const { timestamp, values } of reply.reports) found.set(timestamp, values);
    from = reply.nextStart;
  }
  return found;
}

const sequences = readFileSync(0, 'utf8').split('\n').filter(Boolean).map(Number);
const expected = new Map<string, number[]>();
for (const sequence of sequences) {
  for (const { hostId, timestamp } of batchOf(sequence, Number(start)).reports) {
    expected.set(hostId, [...(expected.get(hostId) ?? []), timestamp]);
  }
}
let checked = 0;
let missing = 0;
for (const [hostId, timestamps] of expected) {
  const found = await readAll(hostId).catch((error: Error) => {
    if (/host_not_found|has reported/.test(error.message)) return new Map<number, Buffer>();
    throw error;
  });
  for (const timestamp of timestamps) {
    checked++;
    if (found.get(timestamp)?.equals(valuesOf(hostId, timestamp)) !== true) missing++;
  }
}
console.log(JSON.stringify({ checked, missing }));
process.exit(0);
