/**
 * A kernel in memory for tests, and the suite that holds it and the real one to the same behaviour.
 *
 * @module
 */
export { sendFrames } from '../socket/frame-sending.ts';
export { type ConformingKernel, conformanceTests } from './conformance.ts';
export { dumpObjects } from './dump.ts';
export { FakeKernel } from './fake-kernel.ts';
export { attachToControlGroup } from './group-program.ts';
export { testNames } from './test-names.ts';
