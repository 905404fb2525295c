export { bootstrap, type BootstrapOptions, type RunningApp } from './bootstrap.ts';
export { FaultFilter, faultOf } from './fault-filter.ts';
export type { PackageDefinition } from './decode-strictly.ts';
