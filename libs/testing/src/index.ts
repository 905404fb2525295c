export { ChildApp, stopAll, type ChildAppOptions } from './child-app.ts';
export { testServer, type TestServer } from './servers.ts';
export { SimulatedDisk } from './simulated-disk.ts';
