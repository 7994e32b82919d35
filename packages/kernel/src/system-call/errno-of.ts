import { type ErrnoName, NetlinkError } from '@fairlead/netlink';
import { SystemCallError } from './system-call-error.ts';

/** The error number behind anything that the kernel made us throw; `undefined` for errors of our own. */
export function errnoOf(error: unknown): ErrnoName | undefined {
  if (error instanceof NetlinkError || error instanceof SystemCallError) return error.errno;
  if (error instanceof Error && 'code' in error && isErrnoName(error.code)) return error.code;
  return undefined;
}

/** True for the way Node and the kernel name error numbers; Node's own codes have an underscore. */
function isErrnoName(code: unknown): code is ErrnoName {
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code);
}
