/** Interaction scenarios: a few nodes, a network that delivers when told to, and what they print. */
import {
  confStateOf,
  describeEntry,
  describeMessage,
  describeProgress,
  describeReady,
  isStorageThread,
  newMessage,
  NO_DATA,
  type ConfChange,
  type ConfChangeV2,
  type Message,
  type MessageType,
  type NodeId,
  type Transition,
} from '@ringwatch/raft';
import { parseChanges } from './changes.ts';
import { ELECTION_TICKS, InteractionNode, type NodeConfig } from './interaction-node.ts';
import type { Argument, Directive } from './scenario.ts';

const PROPOSAL_DROPPED = 'raft proposal dropped';
const PEER_NOT_FOUND = 'raft: cannot step as peer not found';
const LOCAL_MESSAGE = 'raft: cannot step raft local message';
const TRANSITIONS: readonly Transition[] = ['auto', 'implicit', 'explicit'];

export function interactionRunner(): (directive: Directive) => string {
  const scene = new Interaction();
  return (directive) => scene.run(directive);
}

class Interaction {
  readonly #nodes: InteractionNode[] = [];
  #network: Message[] = [];
  #output: string[] = [];
  #quiet = false;

  run(directive: Directive): string {
    this.#output = [];
    const error = this.#handle(directive);
    if (this.#quiet) return error ?? '';
    return this.#output.join('') + (error ?? '');
  }

  /** @returns the error to print, which no log level suppresses. */
  #handle({ command, args, input }: Directive): string | undefined {
    const [first, second] = args.filter(({ values }) => values.length === 0).map(({ key }) => key);
    switch (command) {
      case 'add-nodes':
        return this.#addNodes(Number(first), args);
      case 'campaign':
        this.#node(first).node.campaign();
        return undefined;
      case 'propose':
        return dropped(this.#node(first).node.propose(Buffer.from(second ?? '')));
      case 'propose-conf-change':
        return dropped(this.#node(first).node.proposeConfChange(changeOf(args, input.join(' '))));
      case 'stabilize':
        return this.#stabilizeAt(args);
      case 'deliver-msgs':
        return this.#deliverTo(args);
      case 'process-ready':
        return this.#each(args, 'handling Ready', (node) => this.#processReady(node));
      case 'process-append-thread':
        return this.#each(args, 'processing append thread', (node) => this.#processAppend(node));
      case 'process-apply-thread':
        return this.#each(args, 'processing apply thread', (node) => this.#processApply(node));
      case 'tick-election':
        return this.#tick(first, ELECTION_TICKS);
      case 'tick-heartbeat':
        return this.#tick(first, 1);
      case 'set-randomized-election-timeout':
        this.#node(first).node.setElectionTimeout(Number(valueOf(args, 'timeout')));
        return undefined;
      case 'transfer-leadership':
        this.#node(valueOf(args, 'from')).node.transferLeadership(Number(valueOf(args, 'to')));
        return undefined;
      case 'forget-leader':
        this.#node(first).node.forgetLeader();
        return undefined;
      case 'report-unreachable':
        this.#node(first).node.reportUnreachable(Number(second));
        return undefined;
      case 'send-snapshot':
        return this.#sendSnapshot(first, Number(second));
      case 'compact':
        this.#node(first).storage.compact(Number(second));
        return this.#printLog(first);
      case 'raft-log':
        return this.#printLog(first);
      case 'raft-state':
        return this.#printStates();
      case 'status':
        return this.#printProgress(first);
      case 'log-level':
        this.#quiet = first?.toLowerCase() === 'none';
        return undefined;
      default:
        return 'unknown command';
    }
  }

  #addNodes(count: number, args: readonly Argument[]): undefined {
    const index = Number(valueOf(args, 'index') ?? 0);
    const ids = (key: string): number[] => (valuesOf(args, key) ?? []).map(Number);
    const confState = confStateOf(ids('voters'), ids('learners'));
    const data = Buffer.from(valueOf(args, 'content') ?? '');
    for (let i = 0; i < count; i++) {
      const start = { index, term: index > 0 ? 1 : 0, confState, data };
      this.#nodes.push(new InteractionNode(this.#nodes.length + 1, configOf(args, index), start));
    }
  }

  #tick(id: string | undefined, ticks: number): undefined {
    for (let i = 0; i < ticks; i++) this.#node(id).node.tick();
  }

  #stabilizeAt(args: readonly Argument[]): undefined {
    const quietBefore = this.#quiet;
    const level = valueOf(args, 'log-level');
    if (level !== undefined) this.#quiet = level.toLowerCase() === 'none';
    const named = this.#named(args);
    const nodes = named.length === 0 ? this.#nodes : named;
    const output = this.#output;
    while (this.#round(nodes));
    // What a quiet part prints stays unprinted when the level is back.
    if (this.#quiet) this.#output = output.slice(0, 0);
    this.#quiet = quietBefore;
  }

  /** Everything that waits at `nodes`, once. True when there was something. */
  #round(nodes: readonly InteractionNode[]): boolean {
    let busy = false;
    const stage = (node: InteractionNode, title: string, work: () => void): void => {
      busy = true;
      this.#print(`> ${node.id} ${title}\n`);
      this.#indented(work);
    };
    for (const node of nodes) {
      if (node.node.hasReady()) stage(node, 'handling Ready', () => this.#processReady(node));
    }
    for (const node of nodes) {
      if (this.#network.some(({ to }) => to === node.id)) {
        stage(node, 'receiving messages', () => this.#deliver(node.id, undefined, false));
      }
    }
    for (const node of nodes) {
      if (node.appendWork.length === 0) continue;
      stage(node, 'processing append thread', () => {
        while (node.appendWork.length > 0) this.#processAppend(node);
      });
    }
    for (const node of nodes) {
      if (node.applyWork.length === 0) continue;
      stage(node, 'processing apply thread', () => {
        while (node.applyWork.length > 0) this.#processApply(node);
      });
    }
    return busy;
  }

  #deliverTo(args: readonly Argument[]): undefined {
    const type = valueOf(args, 'type') as MessageType | undefined;
    let handled = 0;
    for (const { key, values } of args) {
      if (values.length === 0) handled += this.#deliver(Number(key), type, false);
      if (key === 'drop') for (const id of values) handled += this.#deliver(Number(id), type, true);
    }
    if (handled === 0) this.#print('no messages\n');
  }

  /** Takes the messages to `to` from the network; what a node sends to itself cannot be lost. */
  #deliver(to: NodeId, type: MessageType | undefined, drop: boolean): number {
    const mine = (message: Message): boolean =>
      message.to === to &&
      (type === undefined || message.type === type) &&
      !(drop && (message.from === to || isStorageThread(message.from)));
    const messages = this.#network.filter(mine);
    this.#network = this.#network.filter((message) => !mine(message));
    for (const message of messages) {
      this.#print(`${drop ? 'dropped: ' : ''}${describeMessage(message)}\n`);
      if (drop) continue;
      const error = refusal(this.#node(String(to)).node.step(message));
      if (error !== undefined) this.#print(`${error}\n`);
    }
    return messages.length;
  }

  #processReady(node: InteractionNode): void {
    const ready = node.node.ready();
    this.#print(describeReady(ready));
    const async = node.config.asyncStorageWrites ?? false;
    if (!async) {
      node.write(ready.hardState, ready.entries, ready.snapshot);
      node.apply(ready.committedEntries);
    }
    for (const message of ready.messages) {
      if (message.type === 'MsgStorageAppend') node.appendWork.push(message);
      else if (message.type === 'MsgStorageApply') node.applyWork.push(message);
      else this.#network.push(message);
    }
    if (!async) node.node.advance();
  }

  #processAppend(node: InteractionNode): void {
    const message = node.appendWork.shift();
    if (message === undefined) return this.#print('no append work to perform');
    const { term, vote, commit, entries, snapshot } = message;
    const hardState = term === 0 && vote === 0 && commit === 0 ? undefined : { term, vote, commit };
    this.#process(message, () => node.write(hardState, entries, snapshot));
  }

  #processApply(node: InteractionNode): void {
    const message = node.applyWork.shift();
    if (message === undefined) return this.#print('no apply work to perform');
    this.#process(message, () => node.apply(message.entries));
  }

  #process(message: Message, work: () => void): void {
    const { responses } = message;
    this.#print(`Processing:\n${describeMessage({ ...message, responses: [] })}\n`);
    work();
    this.#print(`Responses:\n${responses.map((response) => `${describeMessage(response)}\n`).join('')}`);
    this.#network.push(...responses);
  }

  #sendSnapshot(from: string | undefined, to: NodeId): undefined {
    const { id, node, storage } = this.#node(from);
    const message = newMessage('MsgSnap', id, to, node.term);
    message.snapshot = storage.snapshot();
    this.#network.push(message);
    this.#print(`${describeMessage(message)}\n`);
  }

  #printLog(id: string | undefined): undefined {
    const { storage } = this.#node(id);
    const [first, last] = [storage.firstIndex(), storage.lastIndex()];
    if (last < first) this.#print(`log is empty: first index=${first}, last index=${last}`);
    else
      for (const entry of storage.entries(first, last + 1, Infinity) ?? [])
        this.#print(`${describeEntry(entry)}\n`);
  }

  #printStates(): undefined {
    for (const { id, node } of this.#nodes) {
      const { softState, hardState, confState } = node.status();
      const voter = confState.voters.includes(id) || confState.votersOutgoing.includes(id);
      const kind = voter ? '(Voter)' : '(Non-Voter)';
      this.#print(`${id}: ${softState.role} ${kind} Term:${hardState.term} Lead:${softState.lead}\n`);
    }
  }

  #printProgress(id: string | undefined): undefined {
    for (const [member, progress] of this.#node(id).node.status().progress) {
      this.#print(`${member}: ${describeProgress(progress)}\n`);
    }
  }

  #each(args: readonly Argument[], title: string, work: (node: InteractionNode) => void): undefined {
    const nodes = this.#named(args);
    for (const node of nodes) {
      if (nodes.length > 1) {
        this.#print(`> ${node.id} ${title}\n`);
        this.#indented(() => work(node));
      } else {
        work(node);
      }
    }
  }

  #named(args: readonly Argument[]): InteractionNode[] {
    return args.filter(({ values }) => values.length === 0).map(({ key }) => this.#node(key));
  }

  #node(id: string | undefined): InteractionNode {
    const node = this.#nodes[Number(id) - 1];
    if (node === undefined) throw new Error(`there is no node ${id}`);
    return node;
  }

  #print(text: string): void {
    if (!this.#quiet) this.#output.push(text);
  }

  #indented(work: () => void): void {
    const outer = this.#output;
    this.#output = [];
    work();
    const lines = this.#output.join('').replace(/\n$/, '').split('\n');
    const empty = this.#output.length === 0;
    this.#output = outer;
    if (!empty) for (const line of lines) this.#print(`  ${line}\n`);
  }
}

function configOf(args: readonly Argument[], index: number): NodeConfig {
  const flag = (key: string): boolean => valueOf(args, key) === 'true';
  const inflight = valueOf(args, 'inflight');
  const applying = valueOf(args, 'max-committed-size-per-ready');
  return {
    applied: index,
    asyncStorageWrites: flag('async-storage-writes'),
    preVote: flag('prevote'),
    checkQuorum: flag('checkquorum'),
    stepDownOnRemoval: flag('step-down-on-removal'),
    disableConfChangeValidation: flag('disable-conf-change-validation'),
    readOnly: valueOf(args, 'read-only') === 'lease-based' ? 'lease-based' : 'safe',
    ...(inflight === undefined ? {} : { inflightMessagesMax: Number(inflight) }),
    ...(applying === undefined ? {} : { applyingBytesMax: Number(applying) }),
  };
}

function changeOf(args: readonly Argument[], text: string): ConfChange | ConfChangeV2 {
  const changes = parseChanges(text);
  const [only] = changes;
  if (valueOf(args, 'v1') === 'true') {
    if (only === undefined || changes.length > 1) throw new Error('v1 takes one change');
    return { kind: 'v1', ...only, context: NO_DATA };
  }
  const transition = TRANSITIONS.find((name) => name === valueOf(args, 'transition')) ?? 'auto';
  return { kind: 'v2', transition, changes, context: NO_DATA };
}

function dropped(outcome: string): string | undefined {
  return outcome === 'dropped' ? PROPOSAL_DROPPED : undefined;
}

function refusal(outcome: ReturnType<InteractionNode['node']['step']>): string | undefined {
  switch (outcome) {
    case 'accepted':
      return undefined;
    case 'dropped':
      return PROPOSAL_DROPPED;
    case 'peer-not-found':
      return PEER_NOT_FOUND;
    case 'local-message':
      return LOCAL_MESSAGE;
  }
}

function valuesOf(args: readonly Argument[], key: string): readonly string[] | undefined {
  return args.find((arg) => arg.key === key && arg.values.length > 0)?.values;
}

function valueOf(args: readonly Argument[], key: string): string | undefined {
  return valuesOf(args, key)?.[0];
}
