/** Types of `index.mjs` for the specs that use it. */

export interface Services {
  readonly redisUrl?: string;
  readonly consulUrl?: string;
  readonly reasons: readonly string[];
  stop(): Promise<void>;
}

export interface EtcdOptions {
  /** Members. Default 3. */
  readonly size?: number;
  /** Default 100. */
  readonly heartbeatMs?: number;
  /** Default 1000. */
  readonly electionMs?: number;
}

/** A real etcd on this machine. */
export interface EtcdCluster {
  readonly reason?: undefined;
  readonly members: readonly Server[];
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** The caller's data folder, kept by `stop`. Default: a fresh one that `stop` removes. */
  readonly folder?: string;
  /** Redis only: keeps data over a restart in that folder. */
  readonly durable?: boolean;
}

/** A real server that a test started; it is signalled by its process id. */
export interface Server {
  readonly reason?: undefined;
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
  kill(): Promise<void>;
  pause(): void;
  resume(): void;
}

/** Why a server or a program cannot be had. */
export interface Missing {
  readonly reason: string;
}

export type Program = { readonly path: string; readonly reason?: undefined } | Missing;

export function startServices(): Promise<Services>;
export function startRedis(options?: ServerOptions): Promise<Server | Missing>;
export function startConsul(options?: ServerOptions): Promise<Server | Missing>;
export function startEtcd(options?: EtcdOptions): Promise<EtcdCluster | Missing>;
export function ensureChromium(): Promise<Program>;
export function ensureStrace(): Promise<Program>;
export function ensureEtcd(): Promise<Program>;
export function ensureRedis(): Promise<Program>;
export function ensureConsul(): Promise<Program>;
export function freePort(): Promise<number>;
