/**
 * Packets as a pcapng file. A door of its own: only who captures loads it.
 *
 * @module
 */

export { capturePackets } from './capture/capture.ts';
