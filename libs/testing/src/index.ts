export { ChildApp, stopAll, type ChildAppOptions } from './child-app.ts';
export { testServer, type TestServer } from './servers.ts';
export { SimulatedDisk } from './simulated-disk.ts';
export {
  SECTOR_BYTES,
  SimulatedCrash,
  SimulatedLogDisk,
  type SimulatedLogDiskOptions,
} from './simulated-log-disk.ts';
export {
  checkLinearizability,
  describeVerdict,
  type CheckOptions,
  type Verdict,
} from './linearizability/check-linearizability.ts';
export { History, type Operation, type PendingOperation } from './linearizability/history.ts';
export { type Model } from './linearizability/model.ts';
export {
  keyValueModel,
  type KeyValueInput,
  type KeyValueOutput,
  type KeyValueState,
} from './linearizability/key-value-model.ts';
export {
  casRegister,
  type RegisterInput,
  type RegisterOutput,
  type RegisterValue,
} from './linearizability/cas-register.ts';
export { encodeCommand, KeyValueMachine, type KeyValueCommand } from './raft-simulation/key-value-machine.ts';
export {
  simulateRaft,
  type SimulationCounters,
  type SimulationOptions,
  type SimulationResult,
} from './raft-simulation/simulate-raft.ts';
