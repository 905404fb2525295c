/**
 * The thread that Raft has to itself: its timers, its peers' sockets and its disk. Whatever the main thread
 * does, heartbeats leave in time. State machines live in the main thread; entries go there in order, and
 * what waits for them to be applied is answered in the same stream, behind them.
 *
 * Started by {@link RaftThread}, with {@link WorkerOptions} as its data.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { join } from 'node:path';
import { assert, Fault, type Logger } from '@ringwatch/kernel';
import { systemClock, systemRandom } from '@ringwatch/kernel/system';
import { NO_DATA, type NodeId } from '@ringwatch/raft';
import { ByteReader } from '../byte-reader.ts';
import { MultiRaft } from '../multi-raft.ts';
import { nodeLogDisk } from '../wal/node-log-disk.ts';
import type { GroupId } from '../peers/peer-transport.ts';
import type { RaftGroup } from '../group/raft-group.ts';
import { SnapshotFiles } from '../group/snapshot-files.ts';
import { TcpTransport } from '../peers/tcp-transport.ts';
import { ThreadMachine } from './thread-machine.ts';
import {
  readJson,
  readSized,
  RecordWriter,
  sentFault,
  TO_MAIN,
  TO_WORKER,
  type Command,
  type LogLevel,
  type SentGroupOptions,
  type WorkerEvent,
} from './thread-protocol.ts';
import type { TimingOptions } from '../timing.ts';
import { Wal } from '../wal/wal.ts';

/** How a worker is started; everything can be cloned. */
export interface WorkerOptions extends TimingOptions {
  readonly nodeId: NodeId;
  readonly clusterId: string;
  /** Holds the log and the snapshots. Of one process at a time: its owner has to see to that. */
  readonly folder: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** For peers; default 0, any free one. */
  readonly port?: number;
  readonly segmentBytes?: number;
  readonly limitBytes?: number;
  readonly cacheBytes?: number;
}

const RETAINED_ENTRIES = 1_000;

class RaftWorker {
  readonly #writer = new RecordWriter((bytes) => port.postMessage(bytes, [bytes.buffer]));
  readonly #machines = new Map<GroupId, ThreadMachine>();
  readonly #logger: Logger = {
    debug: (fields, message) => this.#log('debug', fields, message),
    info: (fields, message) => this.#log('info', fields, message),
    warn: (fields, message) => this.#log('warn', fields, message),
    error: (fields, message) => this.#log('error', fields, message),
  };
  #raft: MultiRaft | undefined;
  #transport: TcpTransport | undefined;
  #wal: Wal | undefined;

  /** False when it could not, and the main thread was told. */
  async start(options: WorkerOptions): Promise<boolean> {
    try {
      await this.#start(options);
      return true;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#tell({ kind: 'not-started', fault: sentFault(error) });
      this.#close();
      return false;
    }
  }

  async #start(options: WorkerOptions): Promise<void> {
    const { nodeId, folder } = options;
    const shared = { clock: systemClock, random: systemRandom };
    const onBroken = (fault: Fault): void => this.#broken(fault);
    const { segmentBytes, limitBytes, cacheBytes } = options;
    const sizes = Object.entries({ segmentBytes, limitBytes, cacheBytes }).filter(
      ([, size]) => size !== undefined,
    );
    this.#wal = Wal.open({
      ...(Object.fromEntries(sizes) as Record<string, number>),
      ...shared,
      disk: nodeLogDisk,
      folder: join(folder, 'wal'),
      onBroken,
    });
    this.#transport = await TcpTransport.listen({ ...options, ...shared, logger: this.#logger });
    this.#raft = new MultiRaft({
      ...options,
      ...shared,
      nodeId,
      wal: this.#wal,
      snapshots: new SnapshotFiles(nodeLogDisk, join(folder, 'snapshots')),
      transport: this.#transport,
      defer: (run) => void setImmediate(run),
      logger: this.#logger,
      onBroken,
    });
    this.#tell({ kind: 'listening', address: this.#transport.address });
  }

  receive(bytes: Uint8Array): void {
    const reader = new ByteReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    while (reader.left > 0) this.#record(reader.u8(), reader);
  }

  #record(kind: number, reader: ByteReader): void {
    switch (kind) {
      case TO_WORKER.propose:
        this.#propose(reader.varint(), reader.varint(), readSized(reader));
        return;
      case TO_WORKER.read:
        this.#read(reader.varint(), reader.varint());
        return;
      case TO_WORKER.taken:
        this.#machines.get(reader.varint())?.taken(reader.varint());
        return;
      case TO_WORKER.state:
        this.#machines.get(reader.varint())?.state(reader.varint(), readSized(reader));
        return;
      case TO_WORKER.command:
        void this.#command(readJson(reader) as Command);
        return;
      default:
        assert(false, `the main thread sent a record of kind ${kind}`);
    }
  }

  #propose(group: GroupId, id: number, data: Uint8Array): void {
    const target = this.#group(group);
    if (target instanceof Fault) {
      this.#refused(id, target);
      return;
    }
    const writer = this.#writer;
    target.proposeTo({
      data,
      resolve: ({ index, term }) => {
        writer.begin(TO_MAIN.proposed);
        writer.varint(id);
        writer.varint(index);
        writer.varint(term);
      },
      reject: (fault) => this.#refused(id, fault),
    });
  }

  #read(group: GroupId, id: number): void {
    const target = this.#group(group);
    if (target instanceof Fault) {
      this.#refused(id, target);
      return;
    }
    const writer = this.#writer;
    target.readTo({
      resolve: (index) => {
        writer.begin(TO_MAIN.read);
        writer.varint(id);
        writer.varint(index);
      },
      reject: (fault) => this.#refused(id, fault),
    });
  }

  async #command(command: Command): Promise<void> {
    try {
      const answer = await this.#obey(command);
      this.#writer.begin(TO_MAIN.done);
      this.#writer.varint(command.id);
      this.#writer.json(answer ?? null);
      if (command.kind === 'close') this.#close();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#refused(command.id, error);
    }
  }

  async #obey(command: Command): Promise<unknown> {
    const raft = this.#raft;
    assert(raft !== undefined, 'commands come after the start');
    switch (command.kind) {
      case 'open':
        return this.#open(raft, command.options);
      case 'peers':
        this.#transport?.setPeers(new Map(command.addresses));
        return undefined;
      case 'stats':
        return {
          wal: this.#wal?.stats,
          groups: [...raft.groups()].map((group) => [group.id, group.stats()]),
        };
      case 'close':
        return raft.close();
      default:
        return obeyGroup(this.#existing(command.group), raft, command);
    }
  }

  #open(raft: MultiRaft, { retainEntries = RETAINED_ENTRIES, ...options }: SentGroupOptions): void {
    const machine = new ThreadMachine(options.id, this.#writer);
    const tellRole = (): void => {
      const group = raft.group(options.id);
      if (group === undefined) return;
      const { softState: soft, confState: members } = group.status();
      this.#tell({ kind: 'role', group: options.id, soft, term: group.term, members });
    };
    raft.open({
      ...options,
      machine,
      // They are kept for followers that are behind, and those can have a snapshot when there is no room.
      retainFrom: (index) =>
        raft.group(options.id)?.isLogFull === true ? index + 1 : index - retainEntries + 1,
      onRole: tellRole,
      onFailed: (fault) => this.#tell({ kind: 'failed', group: options.id, fault: sentFault(fault) }),
    });
    this.#machines.set(options.id, machine);
    tellRole();
  }

  #group(id: GroupId): RaftGroup | Fault {
    return this.#raft?.group(id) ?? new Fault('not_found', `group ${id} is not open here`);
  }

  #existing(id: GroupId): RaftGroup {
    const group = this.#group(id);
    if (group instanceof Fault) throw group;
    return group;
  }

  #refused(id: number, fault: Fault): void {
    this.#writer.begin(TO_MAIN.refused);
    this.#writer.varint(id);
    this.#writer.json(sentFault(fault));
  }

  #broken(fault: Fault): void {
    this.#tell({ kind: 'broken', fault: sentFault(fault) });
    this.#writer.send();
  }

  #log(level: LogLevel, fields: object, message: string): void {
    this.#tell({ kind: 'log', level, fields, message });
  }

  #tell(event: WorkerEvent): void {
    this.#writer.begin(TO_MAIN.event);
    this.#writer.json(event);
  }

  #close(): void {
    this.#writer.send();
    port.close();
  }
}

type GroupCommand = Extract<Command, { readonly group: GroupId }>;

function obeyGroup(group: RaftGroup, raft: MultiRaft, command: GroupCommand): unknown {
  switch (command.kind) {
    case 'stop':
      return raft.stop(group.id);
    case 'snapshot':
      return group.takeSnapshot();
    case 'campaign':
      return group.campaign();
    case 'compact':
      return group.compact(command.index);
    case 'transfer':
      return group.transferLeadership(command.to);
    case 'change':
      return group.changeMembers({ ...command.change, context: NO_DATA });
    case 'status': {
      const { progress, ...status } = group.status();
      return { ...status, progress: [...progress].map(([id, { match, state }]) => ({ id, match, state })) };
    }
  }
}

assert(parentPort !== null, 'the Raft worker runs as a worker thread');
const port = parentPort;
const worker = new RaftWorker();
if (await worker.start(workerData as WorkerOptions)) {
  port.on('message', (bytes: Uint8Array) => worker.receive(bytes));
}
