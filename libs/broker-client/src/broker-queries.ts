/**
 * Queries to any of the brokers.
 *
 * 1. Every call has a deadline; an attempt gets a third of it, so that a broker that stopped answering costs
 *    a third.
 * 2. At most three attempts, each on another broker where there is one, only for retryable faults and expired
 *    attempts, and only within the retry budget.
 * 3. Brokers take turns; one that failed five times in a row is left out for a while.
 */
import { credentials, type CallOptions, type ServiceError } from '@grpc/grpc-js';
import {
  MonitorServiceClient,
  type GetLatestReply,
  type GetLatestRequest,
  type GetMetricsReply,
  type GetMetricsRequest,
  type ListHostsReply,
  type ListHostsRequest,
} from '@ringwatch/contracts';
import { Metadata } from '@grpc/grpc-js';
import { Fault, type Clock, type Random } from '@ringwatch/kernel';
import { systemClock, systemRandom } from '@ringwatch/kernel/system';
import { Breaker, type BreakerState } from './breaker.ts';
import { CHANNEL_OPTIONS } from './channel.ts';
import { faultOfGrpc } from './grpc-fault.ts';
import { RetryBudget } from './retry-budget.ts';

export interface BrokerQueriesOptions {
  /** `host:port` of every broker; at least one. */
  readonly brokers: readonly string[];
  /** For a whole call, with its retries; default 3 s. */
  readonly deadlineMs?: number;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface QueryOptions {
  /** Overrides the client's deadline for this call. */
  readonly deadlineMs?: number;
}

const DEADLINE_MS = 3_000;
const ATTEMPTS_MAX = 3;

interface Broker {
  readonly address: string;
  readonly client: MonitorServiceClient;
  readonly breaker: Breaker;
}

type Answer<R> = (error: ServiceError | null, reply: R) => void;
type Call<R> = (client: MonitorServiceClient, options: CallOptions, answer: Answer<R>) => void;

export class BrokerQueries {
  readonly #brokers: readonly Broker[];
  readonly #budget = new RetryBudget();
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  #turn = 0;

  constructor({
    brokers,
    deadlineMs = DEADLINE_MS,
    clock = systemClock,
    random = systemRandom,
  }: BrokerQueriesOptions) {
    if (brokers.length === 0)
      throw new Fault('invalid_argument', 'no broker given', { reason: 'no_brokers' });
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
    this.#brokers = brokers.map((address) => ({
      address,
      client: new MonitorServiceClient(address, credentials.createInsecure(), CHANNEL_OPTIONS),
      breaker: new Breaker(clock, random),
    }));
  }

  /** Breaker state by broker address, for readiness and status pages. */
  get states(): Readonly<Record<string, BreakerState>> {
    return Object.fromEntries(this.#brokers.map(({ address, breaker }) => [address, breaker.state]));
  }

  /** @throws {Fault} the broker's own, `deadline_exceeded`, or `unavailable` / `no_healthy_broker`. */
  getMetrics(request: GetMetricsRequest, options?: QueryOptions): Promise<GetMetricsReply> {
    const call: Call<GetMetricsReply> = (client, with_, answer) =>
      client.getMetrics(request, new Metadata(), with_, answer);
    return this.#ask(call, options);
  }

  /** @throws as {@link getMetrics}. */
  listHosts(request: ListHostsRequest, options?: QueryOptions): Promise<ListHostsReply> {
    const call: Call<ListHostsReply> = (client, with_, answer) =>
      client.listHosts(request, new Metadata(), with_, answer);
    return this.#ask(call, options);
  }

  /** @throws as {@link getMetrics}. */
  getLatest(request: GetLatestRequest, options?: QueryOptions): Promise<GetLatestReply> {
    const call: Call<GetLatestReply> = (client, with_, answer) =>
      client.getLatest(request, new Metadata(), with_, answer);
    return this.#ask(call, options);
  }

  close(): void {
    for (const { client } of this.#brokers) client.close();
  }

  async #ask<R>(call: Call<R>, { deadlineMs = this.#deadlineMs }: QueryOptions = {}): Promise<R> {
    const endMs = this.#clock.monotonicMs() + deadlineMs;
    const tried = new Set<Broker>();
    this.#budget.request();
    let last: Fault | undefined;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const broker = this.#next(tried);
      if (broker === undefined) throw last ?? this.#noHealthyBroker();
      tried.add(broker);
      const leftMs = Math.max(1, endMs - this.#clock.monotonicMs());
      const outcome = await this.#attempt(broker, call, Math.min(leftMs, deadlineMs / ATTEMPTS_MAX));
      if (!(outcome instanceof Fault)) return outcome;
      last = outcome;
      const again = outcome.retryable || outcome.code === 'deadline_exceeded';
      const expired = this.#clock.monotonicMs() >= endMs;
      if (!again || expired || attempt === ATTEMPTS_MAX || !this.#budget.spend()) throw outcome;
    }
    throw last ?? this.#noHealthyBroker();
  }

  async #attempt<R>({ client, breaker }: Broker, call: Call<R>, timeoutMs: number): Promise<R | Fault> {
    const deadline = new Date(this.#clock.nowMs() + timeoutMs);
    const outcome = await new Promise<R | Fault>((resolve) => {
      call(client, { deadline }, (error, reply) => resolve(error === null ? reply : faultOfGrpc(error)));
    });
    if (outcome instanceof Fault && countsAgainst(outcome)) breaker.fail();
    else breaker.succeed();
    return outcome;
  }

  /** The next broker in turn that its breaker admits, one not yet tried in this call first. */
  #next(tried: ReadonlySet<Broker>): Broker | undefined {
    const count = this.#brokers.length;
    const start = this.#turn++ % count;
    const inTurn = this.#brokers.map((_, i) => this.#brokers[(start + i) % count] as Broker);
    const untried = inTurn.filter((broker) => !tried.has(broker));
    return [...untried, ...inTurn.filter((broker) => tried.has(broker))].find(({ breaker }) =>
      breaker.admit(),
    );
  }

  #noHealthyBroker(): Fault {
    const retryAfterMs = Math.min(...this.#brokers.map(({ breaker }) => breaker.waitMs));
    return new Fault('unavailable', 'no healthy broker', { reason: 'no_healthy_broker', retryAfterMs });
  }
}

/** What tells that a broker is unwell, not that the question was wrong. */
function countsAgainst({ code }: Fault): boolean {
  return code === 'unavailable' || code === 'deadline_exceeded' || code === 'internal' || code === 'unknown';
}
