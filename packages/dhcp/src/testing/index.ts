/**
 * A server in memory, for tests of what stands on the clients.
 *
 * @module
 */
export { answer4, claim4, claimFrame, describe4 } from './server4.ts';
