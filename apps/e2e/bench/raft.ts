/**
 * Raft in three processes on loopback, syncs on: commits per second and latency of 256-byte proposals at
 * several depths, beside a bare replication loop (src/raft/bare-loop.ts), and how long the group is without a
 * leader when its leader is killed or stops.
 *
 * usage: npm run bench -- raft [ROUNDS [SECONDS [FAILOVERS]]]
 */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { confStateOf } from '@ringwatch/raft';
import { RaftThread, snapshotOf, type StateMachine, type ThreadGroup } from '@ringwatch/raft-node';
import { failover } from '../src/raft/raft-ordeals.ts';
import { RaftCluster } from '../src/raft/raft-cluster.ts';
import { bareLoop } from '../src/raft/bare-loop.ts';

const DEPTHS = [1, 16, 64, 256, 1024];
const PROPOSAL_BYTES = 256;
const WARM_UP_SECONDS = 0.5;
const GROUP = 1;
/** What is asked for: commits per second at a depth, and milliseconds at one. */
const COMMITS_TARGET = { depth: 1024, perSecond: 150_000 };
const LATENCY_TARGET = { depth: 1, ms: 0.6 };
const FAILOVER_TARGET_MS = { SIGKILL: 400, SIGSTOP: 1_600 } as const;

interface Figures {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

type ToMember =
  | { readonly kind: 'join'; readonly peers: readonly (readonly [number, string])[] }
  | { readonly kind: 'run'; readonly depth: number; readonly seconds: number };
type FromMember =
  | { readonly kind: 'listening'; readonly address: string }
  | { readonly kind: 'leads' }
  | { readonly kind: 'figures'; readonly figures: Figures };

if (argv[2] === 'member') await member(Number(argv[3]), argv[4] ?? '');
else await bench(Number(argv[2] ?? 5), Number(argv[3] ?? 2), Number(argv[4] ?? 11));

async function bench(rounds: number, seconds: number, failovers: number): Promise<void> {
  await benchCommits(rounds, seconds);
  for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
    const cluster = await RaftCluster.start();
    const outages: number[] = [];
    for (let i = 0; i < failovers; i++) outages.push(await failover(cluster, signal));
    await cluster.stop();
    const name = `leader gone by ${signal} to the first commit`;
    print(name, median(outages), 'ms', FAILOVER_TARGET_MS[signal], 'ms');
    print(`${name}, worst of ${failovers}`, Math.max(...outages), 'ms');
  }
}

async function benchCommits(rounds: number, seconds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ringwatch-raft-bench-'));
  const program = fileURLToPath(import.meta.url);
  const members = [1, 2, 3].map((id) => fork(program, ['member', String(id), join(folder, String(id))]));
  try {
    const addresses = await Promise.all(members.map((child) => next(child, 'listening')));
    const peers = addresses.map(({ address }, i) => [i + 1, address] as const);
    const leads = Promise.race(members.map((child) => next(child, 'leads').then(() => child)));
    for (const child of members) send(child, { kind: 'join', peers });
    const leader = await leads;
    const figures = new Map<number, Figures[]>(DEPTHS.map((depth) => [depth, []]));
    await run(leader, 64, WARM_UP_SECONDS);
    const bare: number[] = [];
    for (let round = 0; round < rounds; round++) {
      bare.push(median(await bareLoop(folder, PROPOSAL_BYTES, seconds)));
      for (const depth of DEPTHS) figures.get(depth)?.push(await run(leader, depth, seconds));
    }
    const bareMs = median(bare);
    print('p50, bare loop', bareMs, 'ms');
    for (const [depth, runs] of figures) printDepth(depth, runs);
    const ownMs = median((figures.get(1) ?? []).map(({ p50 }) => p50));
    print('p50, 1 in flight, beside the bare loop', ownMs, 'ms', Number(bareMs.toPrecision(4)), 'ms');
  } finally {
    for (const child of members) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function printDepth(depth: number, runs: readonly Figures[]): void {
  const of = (key: keyof Figures): number => median(runs.map((figures) => figures[key]));
  const commits = depth === COMMITS_TARGET.depth ? COMMITS_TARGET.perSecond : undefined;
  const latency = depth === LATENCY_TARGET.depth ? LATENCY_TARGET.ms : undefined;
  print(`commits, ${depth} in flight`, of('perSecond'), 'commits/s', commits, 'commits/s');
  print(`p50, ${depth} in flight`, of('p50'), 'ms', latency, 'ms');
  print(`p99, ${depth} in flight`, of('p99'), 'ms');
}

async function run(leader: ChildProcess, depth: number, seconds: number): Promise<Figures> {
  const figures = next(leader, 'figures');
  send(leader, { kind: 'run', depth, seconds });
  return (await figures).figures;
}

function send(child: ChildProcess, message: ToMember): void {
  child.send(message);
}

function next<K extends FromMember['kind']>(
  child: ChildProcess,
  kind: K,
): Promise<Extract<FromMember, { readonly kind: K }>> {
  return new Promise((resolve) => {
    const take = (message: unknown): void => {
      if ((message as FromMember).kind !== kind) return;
      child.off('message', take);
      resolve(message as Extract<FromMember, { readonly kind: K }>);
    };
    child.on('message', take);
  });
}

/** A member of the group; it proposes to itself when it is told to, as the leader. */
async function member(nodeId: number, folder: string): Promise<void> {
  const thread = await RaftThread.start({
    nodeId,
    clusterId: 'raft-bench',
    folder,
    onBroken: () => process.kill(process.pid, 'SIGKILL'),
  });
  const machine: StateMachine = {
    apply: (_entries, done) => done(),
    snapshot: (done) => done(snapshotOf(Buffer.alloc(0))),
    restore: (_index, source, done) => {
      source.close();
      done();
    },
  };
  const tell = (message: FromMember): void => void process.send?.(message);
  let group: ThreadGroup | undefined;
  process.on('message', (message: ToMember) => {
    void obey(message);
  });
  tell({ kind: 'listening', address: thread.address });

  async function obey(message: ToMember): Promise<void> {
    if (message.kind === 'join') {
      await thread.setPeers(new Map(message.peers.filter(([id]) => id !== nodeId)));
      const members = confStateOf(message.peers.map(([id]) => id));
      const onRole = ({ isLeader }: ThreadGroup): void => {
        if (isLeader) tell({ kind: 'leads' });
      };
      group = await thread.open({ id: GROUP, machine, members, onRole });
    } else if (group !== undefined) {
      tell({ kind: 'figures', figures: await measure(group, message.depth, message.seconds) });
    }
  }
}

/** Keeps `depth` proposals in flight. */
async function measure(group: ThreadGroup, depth: number, seconds: number): Promise<Figures> {
  const data = Buffer.alloc(PROPOSAL_BYTES, 7);
  const latencies: number[] = [];
  const beganMs = performance.now();
  const untilMs = beganMs + seconds * 1_000;
  const proposer = async (): Promise<void> => {
    for (let now = performance.now(); now < untilMs;) {
      await group.propose(data);
      const answered = performance.now();
      latencies.push(answered - now);
      now = answered;
    }
  };
  await Promise.all(Array.from({ length: depth }, proposer));
  const elapsedSeconds = (performance.now() - beganMs) / 1_000;
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? NaN;
  return { perSecond: latencies.length / elapsedSeconds, p50: at(0.5), p99: at(0.99) };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

/** One line per figure; beside a target, the ratio to it. */
function print(name: string, value: number, unit: string, target?: number, targetUnit = unit): void {
  const rounded = Number(value.toPrecision(4));
  const beside =
    target === undefined
      ? {}
      : { against: `${target} ${targetUnit}`, ratio: Number((value / target).toFixed(3)) };
  console.log(JSON.stringify({ bench: 'raft', name, value: rounded, unit, ...beside }));
}
