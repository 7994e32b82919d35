import { join } from 'node:path';
import { FairleadError, type Logger } from '@fairlead/base';
import { claimInNamespace, lockFile } from '@fairlead/kernel';

/** Name of an abstract socket. */
const CLAIM = 'com.fairlead.engine';

/**
 * Make sure that nobody else works with the same state, until this is disposed of or the process ends: two engines would
 * undo each other's work.
 *
 * @throws FairleadError `conflict` when somebody does.
 */
export function claimState(dataRoot: string): Disposable {
  const claim = lockFile(join(dataRoot, 'engine.lock'));
  if (Symbol.dispose in claim) return claim;
  const other = claim.holder === '' ? 'another engine' : `another engine (process ${claim.holder})`;
  throw new FairleadError('conflict', `${other} works with ${dataRoot}: stop it first, or choose another --data-root`);
}

/**
 * Make sure that no other engine builds networks in this network namespace: tables of the firewall and bridges have the same
 * names. Somebody who may not build any cannot keep an engine from its work.
 *
 * @throws FairleadError `conflict` when one does.
 */
export function claimNetwork(logger: Logger): Disposable {
  const claim = claimInNamespace(CLAIM);
  if (Symbol.dispose in claim) return claim;
  const { pid, uid } = claim;
  if (uid !== 0) {
    logger.warn('somebody who is not root has the name by which engines notice each other', {
      socket: CLAIM,
      pid,
      uid,
    });
    return { [Symbol.dispose]: () => {} };
  }
  const other = pid === 0 ? 'another engine' : `another engine (process ${pid})`;
  const advice = 'stop it first, or start this one in a network namespace of its own';
  throw new FairleadError('conflict', `${other} builds networks in this network namespace: ${advice}`);
}
