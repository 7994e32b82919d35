import type { ErrnoName } from '@fairlead/netlink';

/** The error number behind anything that the kernel made us throw; `undefined` for errors of our own. */
export function errnoOf(error: unknown): ErrnoName | undefined {
  if (!(error instanceof Error)) return undefined;
  // So do errors of system calls and of netlink have it; Node's own have the number there, and the name as their code.
  if ('errno' in error && isErrnoName(error.errno)) return error.errno;
  return 'code' in error && isErrnoName(error.code) ? error.code : undefined;
}

/** True for the way Node and the kernel name error numbers; Node's own codes have an underscore. */
function isErrnoName(code: unknown): code is ErrnoName {
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code);
}
