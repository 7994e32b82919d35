import type { TraceRequest } from '../plan.ts';
import type { ProofOf } from './host-state.ts';

/** A packet that is to prove something. */
export interface PlannedProof {
  readonly purpose: ProofOf['purpose'];
  readonly request: TraceRequest;
}

/** Milliseconds that a proof waits: what works answers at once. */
export const PROOF_PATIENCE = 300;
