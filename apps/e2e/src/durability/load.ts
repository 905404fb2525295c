/**
 * Sends batches to a broker for as long as it takes them and prints the number of each acknowledged one.
 *
 * usage: node load.ts GRPC_ADDRESS START_SECONDS FIRST_SEQUENCE
 */
import { IngestServiceClient } from '@ringwatch/contracts';
import { credentials } from '@grpc/grpc-js';
import { batchOf, REPORTS_PER_BATCH } from './report-source.ts';

const IN_FLIGHT = 8;

const [address, start, first] = process.argv.slice(2) as [string, string, string];
const client = new IngestServiceClient(address, credentials.createInsecure());
const stream = client.push();
let next = Number(first);

const send = (): void => void stream.write(batchOf(next++, Number(start)));
stream.on('data', ({ sequence, accepted, duplicates }) => {
  // Only a batch whose every report is stored counts as acknowledged.
  if (accepted + duplicates === REPORTS_PER_BATCH) process.stdout.write(`${sequence}\n`);
  send();
});
stream.on('error', () => process.exit(0));
for (let i = 0; i < IN_FLIGHT; i++) send();
