/**
 * `fairlead daemon`: flags, the composition root, and what happens at start-up.
 *
 * @module
 */
export { type ComposedEngine, composeEngine } from './composition.ts';
export { type DaemonOptions, daemonOptions } from './options.ts';
export { runDaemon } from './run-daemon.ts';
