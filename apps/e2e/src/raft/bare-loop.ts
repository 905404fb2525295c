/**
 * What this machine lets any replicated log do, one entry at a time: three processes of one thread each, raw
 * sockets, one synced write each, and an entry counts when two have it. No Raft, no frames, no state machine.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fdatasyncSync, openSync, writeSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

const FILE_BYTES = 4 * 1024 * 1024;
const ANSWER = Buffer.alloc(16, 1);
const program = fileURLToPath(import.meta.url);

if (argv[1] === program) await follow(argv[2] ?? '');

/** Runs the loop for `seconds`. @returns the milliseconds from an entry to its commit, ascending. */
export async function bareLoop(folder: string, entryBytes: number, seconds: number): Promise<number[]> {
  const followers = [1, 2].map((i) => fork(program, [join(folder, `bare-${i}`)]));
  try {
    const ports = await Promise.all(followers.map((follower) => once(follower, 'message')));
    const sockets = ports.map(([port]) => connect({ port: Number(port), host: '127.0.0.1', noDelay: true }));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const latencies = await lead(sockets, syncedFile(join(folder, 'bare-0')), entryBytes, seconds);
    return latencies.toSorted((a, b) => a - b);
  } finally {
    for (const follower of followers) follower.kill('SIGKILL');
  }
}

async function lead(
  sockets: readonly Socket[],
  write: (entry: Buffer) => void,
  entryBytes: number,
  seconds: number,
): Promise<number[]> {
  const entry = Buffer.alloc(entryBytes, 7);
  const acknowledged = sockets.map(() => 0);
  let heard: () => void = () => undefined;
  for (const [i, socket] of sockets.entries()) {
    socket.on('data', (answers: Buffer) => {
      acknowledged[i] = (acknowledged[i] ?? 0) + answers.length / ANSWER.length;
      heard();
    });
  }
  const latencies: number[] = [];
  const untilMs = performance.now() + seconds * 1_000;
  for (let round = 1; performance.now() < untilMs; round++) {
    const beganMs = performance.now();
    for (const socket of sockets) socket.write(entry);
    write(entry);
    while (!acknowledged.some((count) => count >= round)) await new Promise<void>((run) => (heard = run));
    latencies.push(performance.now() - beganMs);
    // The other one's answer is waited for outside of the time, so that entries never pile up.
    while (!acknowledged.every((count) => count >= round)) await new Promise<void>((run) => (heard = run));
  }
  return latencies;
}

/** Answers every entry when it is on disk. */
async function follow(path: string): Promise<void> {
  const write = syncedFile(path);
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('data', (entry: Buffer) => {
      write(entry);
      socket.write(ANSWER);
    });
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.send?.((server.address() as AddressInfo).port);
}

/** Writes to a preallocated file, over and over again, and syncs every write. */
function syncedFile(path: string): (bytes: Buffer) => void {
  const descriptor = openSync(path, 'w');
  writeSync(descriptor, Buffer.alloc(FILE_BYTES));
  fdatasyncSync(descriptor);
  let position = 0;
  return (bytes) => {
    if (position + bytes.length > FILE_BYTES) position = 0;
    writeSync(descriptor, bytes, 0, bytes.length, position);
    fdatasyncSync(descriptor);
    position += bytes.length;
  };
}
