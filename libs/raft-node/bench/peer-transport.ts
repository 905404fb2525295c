/**
 * Messages between two processes on loopback, over TCP and over gRPC, by turns as the driver takes them: what
 * has arrived is handled, then one flush. One process appends, the other acknowledges. Transports take turns;
 * figures are medians of many short rounds. CPU is that of both processes. The codec alone runs in this one.
 *
 * usage: npm run bench -- peer-transport [milliseconds per round, default 300] [rounds, default 21]
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { systemClock, systemRandom } from '@ringwatch/kernel/system';
import { newMessage, type Entry, type Message } from '@ringwatch/raft';
import { TcpTransport, type GroupMessage } from '@ringwatch/raft-node';
import { ByteWriter } from '../src/byte-writer.ts';
import { decodeMessages, encodeMessage } from '../src/peers/message-codec.ts';
import { GrpcPeer, type MessagePeer } from './grpc-peer.ts';

const KINDS = ['tcp', 'grpc'] as const;
type Kind = (typeof KINDS)[number];

const ENTRY_BYTES = 256;
const IN_FLIGHT = 64;
const WARM_UP_PART = 0.3;
const GROUP = 1;
const data = Buffer.alloc(ENTRY_BYTES, 7);

/** What one round of one transport came to. */
interface Round {
  readonly appendsPerSecond: number;
  /** Median time of an append and its answer, milliseconds. */
  readonly p50Ms: number;
  /** CPU milliseconds of both processes per thousand appends. */
  readonly cpuMs: number;
}

/** A process at the other end, and this end of the transport to it. */
class Link {
  readonly #peer: MessagePeer;
  readonly #child: ChildProcess;
  /** When each append in flight was sent, by its index. */
  readonly #sentMs = new Map<number, number>();
  #tookMs: number[] = [];
  #index = 0;
  #entries: readonly Entry[] = [];
  #running = false;
  #scheduled = false;
  #due = 0;
  #idle: () => void = () => undefined;

  static async open(kind: Kind): Promise<Link> {
    const child = fork(import.meta.filename, ['serve', kind]);
    const peer = await listen(kind, 1);
    const [address] = (await once(child, 'message')) as [string];
    const link = new Link(peer, child);
    peer.start({
      onMessages: (_from, messages) => link.#answered(messages),
      onUnreachable: () => undefined,
      onSnapshot: () => undefined,
    });
    child.send(peer.address);
    await once(child, 'message');
    peer.setPeers(new Map([[2, address]]));
    return link;
  }

  private constructor(peer: MessagePeer, child: ChildProcess) {
    this.#peer = peer;
    this.#child = child;
  }

  async run(entries: number, inFlight: number, roundMs: number): Promise<Round> {
    this.#entries = Array.from({ length: entries }, () => ({ term: 2, index: 0, type: 'EntryNormal', data }));
    this.#running = true;
    this.#due = inFlight;
    this.#turn();
    await wait(roundMs * WARM_UP_PART);
    this.#tookMs = [];
    const cpuBefore = await this.#cpuMs();
    const startMs = performance.now();
    await wait(roundMs);
    const { length: appends } = this.#tookMs;
    const seconds = (performance.now() - startMs) / 1_000;
    const cpuMs = (((await this.#cpuMs()) - cpuBefore) / this.#tookMs.length) * 1_000;
    const p50Ms = median(this.#tookMs);
    this.#running = false;
    await new Promise<void>((resolve) => (this.#idle = resolve));
    return { appendsPerSecond: appends / seconds, p50Ms, cpuMs };
  }

  async close(): Promise<void> {
    this.#child.send('end');
    await Promise.all([this.#peer.close(), once(this.#child, 'exit')]);
  }

  #answered(messages: readonly GroupMessage[]): void {
    const nowMs = performance.now();
    for (const { message } of messages) {
      this.#tookMs.push(nowMs - (this.#sentMs.get(message.index) ?? nowMs));
      this.#sentMs.delete(message.index);
      this.#due++;
    }
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#turn());
  }

  /** Sends as many appends as were answered. */
  #turn(): void {
    this.#scheduled = false;
    if (!this.#running) {
      if (this.#sentMs.size === 0) this.#idle();
      return;
    }
    const nowMs = performance.now();
    for (; this.#due > 0; this.#due--) {
      const append = appendOf(this.#index, this.#entries);
      this.#index += this.#entries.length;
      this.#sentMs.set(this.#index, nowMs);
      this.#peer.send(2, GROUP, append);
    }
    this.#peer.flush();
  }

  async #cpuMs(): Promise<number> {
    this.#child.send('cpu');
    const [theirs] = (await once(this.#child, 'message')) as [number];
    return theirs + ownCpuMs();
  }
}

/** The process at the other end: acknowledges appends until it is told to end. */
async function serve(kind: Kind): Promise<void> {
  const peer = await listen(kind, 2);
  let scheduled = false;
  const flush = (): void => {
    scheduled = false;
    peer.flush();
  };
  peer.start({
    onMessages: (from, messages) => {
      for (const { group, message } of messages) {
        const answer = newMessage('MsgAppResp', 2, from, message.term);
        answer.index = message.index + message.entries.length;
        peer.send(from, group, answer);
      }
      if (scheduled) return;
      scheduled = true;
      setImmediate(flush);
    },
    onUnreachable: () => undefined,
    onSnapshot: () => undefined,
  });
  process.on('message', (message: string) => {
    if (message === 'end') process.exit();
    else if (message === 'cpu') process.send?.(ownCpuMs());
    else {
      peer.setPeers(new Map([[1, message]]));
      process.send?.('ready');
    }
  });
  process.on('disconnect', () => process.exit());
  process.send?.(peer.address);
}

function listen(kind: Kind, nodeId: number): Promise<MessagePeer> {
  switch (kind) {
    case 'tcp':
      return TcpTransport.listen({ nodeId, clusterId: 'bench', clock: systemClock, random: systemRandom });
    case 'grpc':
      return GrpcPeer.listen(nodeId);
  }
}

/** Appends of `entries` a second that go through the codec, encoded and decoded again. */
function codecRate(count: number, roundMs: number): number {
  const writer = new ByteWriter();
  const entries = Array.from(
    { length: count },
    () => ({ term: 2, index: 0, type: 'EntryNormal', data }) as const,
  );
  let messages = 0;
  const startMs = performance.now();
  while (performance.now() - startMs < roundMs) {
    // About as much as a turn of the driver has.
    for (let i = 0; i < IN_FLIGHT; i += count) encodeMessage(writer, 1, 2, GROUP, appendOf(i, entries));
    messages += decodeMessages(writer.bytes, 1, 2).length;
    writer.reset();
  }
  return (messages * 1_000) / (performance.now() - startMs);
}

/** An append whose entries continue the log, as those of a leader do. */
function appendOf(index: number, entries: readonly Entry[]): Message {
  const append = newMessage('MsgApp', 1, 2, 2);
  append.index = index;
  append.logTerm = 2;
  append.commit = index;
  append.entries = entries.map((entry, i) => ({ ...entry, index: index + i + 1 }));
  return append;
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function print(name: string, value: number, unit: string, against?: { name: string; value: number }): void {
  const round = (number: number): number => Number(number.toPrecision(4));
  const yardstick = against && { against: against.name, ratio: round(value / against.value) };
  console.log(JSON.stringify({ bench: 'peer-transport', name, value: round(value), unit, ...yardstick }));
}

async function main(roundMs: number, rounds: number): Promise<void> {
  const links = { tcp: await Link.open('tcp'), grpc: await Link.open('grpc') };
  for (const [entries, inFlight] of [
    [1, 1],
    [1, IN_FLIGHT],
    [16, IN_FLIGHT],
    [256, IN_FLIGHT],
  ] as const) {
    const results: Record<Kind, Round[]> = { tcp: [], grpc: [] };
    for (let round = 0; round < rounds; round++) {
      for (const kind of KINDS) results[kind].push(await links[kind].run(entries, inFlight, roundMs));
    }
    const name = (kind: Kind): string => `${kind}, appends of ${entries}, ${inFlight} in flight`;
    const figure = (kind: Kind, of: (round: Round) => number): number => median(results[kind].map(of));
    const figures: [unit: string, of: (round: Round) => number][] = [
      ['entries/s', ({ appendsPerSecond }) => appendsPerSecond * entries],
      ['ms p50', ({ p50Ms }) => p50Ms],
      ['CPU ms per 1000 appends', ({ cpuMs }) => cpuMs],
    ];
    for (const [unit, of] of figures) {
      const against = { name: 'grpc', value: figure('grpc', of) };
      print(name('tcp'), figure('tcp', of), unit, against);
      print(name('grpc'), figure('grpc', of), unit);
    }
  }
  await Promise.all([links.tcp.close(), links.grpc.close()]);
  for (const entries of [1, 16, 256]) {
    const rates = Array.from({ length: rounds }, () => codecRate(entries, roundMs / 2));
    print(`codec alone, appends of ${entries}`, median(rates) * entries, 'entries/s');
  }
}

const [first, second] = process.argv.slice(2);
if (first === 'serve') await serve(second as Kind);
else await main(Number(first ?? 300), Number(second ?? 21));
