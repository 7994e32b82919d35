/**
 * Who talks to whom: flows, from what the kernel says about connections. A door of its own: only who asks loads it.
 *
 * @module
 */

export { FlowLog, type FlowSurroundings } from './flow/flow-log.ts';
export { accountingKey } from './flow/flow-watch.ts';
