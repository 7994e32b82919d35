import { close, fcntl } from './syscalls.ts';

const STANDARD_INPUT = 0;
const F_DUPFD_CLOEXEC = 1030;

/**
 * Make the process's descriptor table large enough for `count` descriptors. The kernel doubles it on demand and waits
 * for an RCU grace period each time a process with threads outgrows it (expand_fdtable in fs/file.c): some 10 ms that
 * are better spent at the start than while a port is being published.
 *
 * @throws SystemCallError `EINVAL` when the limit on open files is lower.
 */
export function prepareDescriptors(count: number): void {
  close(fcntl(STANDARD_INPUT, F_DUPFD_CLOEXEC, count - 1));
}
