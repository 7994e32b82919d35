import type { Container } from '../../model.ts';

/** Seconds that a container gets to stop by itself, as Docker gives. */
const STOP_TIMEOUT = 10;
/** Seconds for the end of a process that was killed to be seen and written down (moby, daemon.ShutdownTimeout). */
const GRACE = 5;
/** Seconds that a machine that ends waits for who may take for ever: what systemd gives a service, and so a dockerd. */
const LONGEST_OF_ENDLESS = 90;

/** Seconds from a container's stop signal to SIGKILL, when nobody says otherwise; negative means that it never comes. */
export function stopTimeout({ config }: { readonly config: Pick<Container['config'], 'stopTimeout'> }): number {
  return config.stopTimeout ?? STOP_TIMEOUT;
}

/**
 * Seconds that a machine that ends waits for its containers: as long as the operator says, or as long as the most patient
 * of them needs (moby, daemon.ShutdownTimeout). Who waits for ever would keep the machine from its end.
 *
 * @param asked what the operator says (`--shutdown-timeout`); negative means for ever.
 * @param timeouts of each container that runs, as {@link stopTimeout} has them.
 */
export function shutdownTimeout(asked: number, timeouts: readonly number[]): number {
  const finite = timeouts.filter((timeout) => timeout >= 0).map((timeout) => timeout + GRACE);
  const isEndless = asked < 0 || timeouts.some((timeout) => timeout < 0);
  return Math.max(asked, isEndless ? LONGEST_OF_ENDLESS : 0, ...finite);
}
