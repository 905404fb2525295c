export { bootstrap, type BootstrapOptions, type RunningApp } from './bootstrap.ts';
export { CONNECTIONS_MAX } from './http-door.ts';
export { FaultFilter, faultOf } from './fault-filter.ts';
export type { PackageDefinition } from './decode-strictly.ts';
