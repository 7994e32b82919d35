import { familyOf, hostText } from '@fairlead/base';
import type { Directory } from '../model/directory.ts';
import type { InsideState } from './host-state.ts';
import { type PlannedProof, PROOF_PATIENCE } from './planned-proof.ts';

/** Attempts that are tried after. */
const ATTEMPTS = 16;

/**
 * What programs in containers are trying as we look, and have no answer to: what works is answered within a moment, so a
 * packet that goes the same way tells what stops theirs, or that nothing does by now.
 */
export function attemptProofs({ containers }: Directory, inside: readonly InsideState[]): PlannedProof[] {
  const own = new Map(containers.map((container) => [container.name, container]));
  const attempts = inside.flatMap(({ container: from, sockets }) => {
    const waiting = own.get(from)?.namespace ? sockets.filter(({ state }) => state === 'synSent') : [];
    const targets = new Map(
      waiting.map(({ remote: { address, port } }) => [`${hostText(address)}:${port}`, familyOf(address)]),
    );
    return [...targets].map(
      ([to, family]): PlannedProof => ({
        purpose: { kind: 'attempt', from, to },
        request: { from, to, protocol: 'tcp', family, timeout: PROOF_PATIENCE },
      }),
    );
  });
  return attempts.slice(0, ATTEMPTS);
}
