import type { Logger } from '@fairlead/base';

/**
 * Say what becomes of faults that nobody catches, from now on: what is rejected is logged, what is thrown ends the process with
 * status 1. Why: docs/decisions/0033-faults-that-nobody-caught.md.
 *
 * @param logger has written what it was told when it returns, for the process may end then.
 */
export function handleFaults(logger: Logger): void {
  process.on('unhandledRejection', (reason) => logger.error('unhandled rejection', { error: stackOf(reason) }));
  process.on('uncaughtException', (error) => {
    logger.error('uncaught exception: the daemon ends; containers go on', { error: stackOf(error) });
    process.exit(1);
  });
}

/** Anything can be thrown. */
function stackOf(fault: unknown): string {
  return (fault instanceof Error && fault.stack) || String(fault);
}
