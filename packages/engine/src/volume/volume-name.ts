import { FairleadError } from '@fairlead/base';
import type { Volume } from './volume-model.ts';

/** Says that a volume was made without a name (Docker 23 and later set it, and prune looks for it). */
const ANONYMOUS = 'com.docker.volume.anonymous';
const pattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** What an anonymous volume is marked with. */
export const anonymousLabels: Readonly<Record<string, string>> = { [ANONYMOUS]: '' };

/** True for a volume that was made without a name. */
export function isAnonymous({ labels }: Volume): boolean {
  return labels !== null && Object.hasOwn(labels, ANONYMOUS);
}

/**
 * Check the name of a new volume.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function requireVolumeName(name: string): void {
  if (name.length === 1) {
    throw invalid('volume name is too short, names should be at least two alphanumeric characters');
  }
  if (pattern.test(name)) return;
  const advice = 'If you intended to pass a host directory, use absolute path';
  const allowed = 'only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed';
  throw invalid(`${JSON.stringify(name)} includes invalid characters for a local volume name, ${allowed}. ${advice}`);
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
