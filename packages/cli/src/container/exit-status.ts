import { FairleadError, messageOf } from '@fairlead/base';

/**
 * The exit code of a container that could not be started, as docker has it: 127 when its program is not there, 126 when it
 * cannot be run, 125 for everything else. The wire has no code for it: the words are the contract that docker's own
 * command relies on.
 */
function startFailureCode(error: unknown): number {
  const message = messageOf(error);
  if (/executable file not found|no such file or directory|system cannot find the file/.test(message)) return 127;
  return /permission denied|is a directory/.test(message) ? 126 : 125;
}

/** A failure before a container's program ran: docker's exit code for it, with the message on standard error. */
export function reportStartFailure(error: unknown): number {
  if (!(error instanceof FairleadError)) throw error;
  process.stderr.write(`fairlead: ${error.message}\n`);
  return startFailureCode(error);
}
