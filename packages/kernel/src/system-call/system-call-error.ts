import { type ErrnoName, errnoText } from '@fairlead/netlink/errno';

/** A system call that the kernel refused. */
export class SystemCallError extends Error {
  override readonly name = 'SystemCallError';
  /** Name of the call: `setns`. */
  readonly syscall: string;
  /** Name of the error number: `EADDRINUSE`. */
  readonly errno: ErrnoName;

  constructor(syscall: string, errno: ErrnoName) {
    super(`${syscall}: ${errnoText(errno)} (${errno})`);
    this.syscall = syscall;
    this.errno = errno;
  }
}
