/** Three real processes that form a Raft group, and what a test does to them. Stopped by process id. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Fault } from '@ringwatch/kernel';
import type { MemberAnswer, MemberCall } from './member-protocol.ts';

const PROGRAM = fileURLToPath(new URL('raft-member.ts', import.meta.url));
const START_TIMEOUT_MS = 20_000;
const LEADER_TIMEOUT_MS = 20_000;
const POLL_MS = 5;

/** What a member says of the group. */
export interface MemberState {
  readonly lead: number;
  readonly term: number;
  readonly isLeader: boolean;
  readonly applied: number;
}

/** A member's process, from start to end. */
export class Member {
  readonly id: number;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<
    number,
    { resolve: (value: string | null) => void; reject: (fault: Fault) => void }
  >();
  #lastId = 0;
  address = '';
  lead = 0;
  term = 0;
  isLeader = false;
  readonly ended: Promise<void>;
  /** False from the moment it is told to end, or ends. */
  isUp = true;

  /** @param under a program to run it under, such as strace with its options. */
  constructor(id: number, folder: string, under: readonly string[] = []) {
    this.id = id;
    const [program, ...wrapped] = [...under, execPath];
    const args = [...wrapped, PROGRAM, String(id), folder];
    this.#child = spawn(program ?? execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (answer) => this.#answered(answer as MemberAnswer));
    this.#child.on('error', () => undefined);
    this.ended = once(this.#child, 'exit').then(() => this.#over());
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when it listens. */
  async listening(): Promise<void> {
    const untilMs = performance.now() + START_TIMEOUT_MS;
    while (this.address === '') {
      if (!this.isUp || performance.now() > untilMs) throw new Error(`member ${this.id} did not start`);
      await sleep(POLL_MS);
    }
  }

  /** @throws {Fault} as the member says; `deadline_exceeded` when it ends before it answers. */
  call(call: MemberCall): Promise<string | null> {
    if (!this.isUp) return Promise.reject(new Fault('unavailable', `member ${this.id} is down`));
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ ...call, id }, (error) => {
        // What was not sent was not heard.
        if (error !== null) this.#settle(id)?.reject(new Fault('unavailable', 'the member is gone'));
      });
    });
  }

  async state(): Promise<MemberState> {
    return JSON.parse((await this.call({ kind: 'state' })) ?? '{}') as MemberState;
  }

  signal(signal: NodeJS.Signals): void {
    if (signal === 'SIGKILL') this.isUp = false;
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }

  #answered(answer: MemberAnswer): void {
    switch (answer.kind) {
      case 'listening':
        this.address = answer.address;
        return;
      case 'role':
        this.lead = answer.lead;
        this.term = answer.term;
        this.isLeader = answer.isLeader;
        return;
      case 'done':
        this.#settle(answer.id)?.resolve(answer.value);
        return;
      case 'failed':
        this.#settle(answer.id)?.reject(new Fault(answer.code, answer.message));
    }
  }

  #settle(
    id: number,
  ): { resolve: (value: string | null) => void; reject: (fault: Fault) => void } | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #over(): void {
    this.isUp = false;
    this.isLeader = false;
    for (const { reject } of this.#waiting.values()) {
      reject(new Fault('deadline_exceeded', `member ${this.id} ended before it answered`));
    }
    this.#waiting.clear();
  }
}

export class RaftCluster {
  readonly #folder: string;
  readonly members: Member[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Starts three members and waits for a leader. @param under programs to run some of them under, by id. */
  static async start(under: ReadonlyMap<number, readonly string[]> = new Map()): Promise<RaftCluster> {
    const cluster = new RaftCluster(await mkdtemp(join(tmpdir(), 'ringwatch-raft-')));
    for (const id of [1, 2, 3]) {
      cluster.members.push(new Member(id, join(cluster.#folder, String(id)), under.get(id)));
    }
    await Promise.all(cluster.members.map((member) => member.listening()));
    await cluster.#introduce();
    await cluster.leader();
    return cluster;
  }

  /** The member that leads the highest term; waits until there is one that a majority follows. */
  async leader(): Promise<Member> {
    const untilMs = performance.now() + LEADER_TIMEOUT_MS;
    for (;;) {
      const up = this.members.filter(({ isUp }) => isUp);
      const leader = up.filter(({ isLeader }) => isLeader).toSorted((a, b) => b.term - a.term)[0];
      if (leader !== undefined && up.filter(({ lead }) => lead === leader.id).length >= 2) return leader;
      if (performance.now() > untilMs) throw new Error('there is no leader');
      await sleep(POLL_MS);
    }
  }

  followersOf(leader: Member): Member[] {
    return this.members.filter((member) => member !== leader && member.isUp);
  }

  /** Starts a member again that has ended, on what it left on disk. */
  async restart(id: number, under: readonly string[] = []): Promise<Member> {
    const member = new Member(id, join(this.#folder, String(id)), under);
    this.members[id - 1] = member;
    await member.listening();
    await this.#introduce();
    return member;
  }

  async stop(): Promise<void> {
    for (const member of this.members) {
      member.signal('SIGCONT');
      await member.kill();
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Tells everybody where everybody is; a process that has started again has another port. */
  async #introduce(): Promise<void> {
    const peers = this.members.map(({ id, address }) => [id, address] as const);
    const up = this.members.filter(({ isUp }) => isUp);
    await Promise.allSettled(up.map((member) => member.call({ kind: 'join', peers })));
  }
}
