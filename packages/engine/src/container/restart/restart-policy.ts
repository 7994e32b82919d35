import type { Container, ContainerState } from '../../model.ts';
import type { HostConfig } from '../configuration/container-config.ts';

/** Milliseconds that the first restart waits; each one after it waits twice as long (moby, restartmanager.go). */
const FIRST_DELAY = 100;
/** Milliseconds that no restart waits longer than. */
const LONGEST_DELAY = 60_000;
/** Milliseconds after which a container has run well: the next restart is a first one again. */
const STEADY = 10_000;
const SIGKILL = 9;

/** When a container is started again after its end. */
export type RestartPolicy = HostConfig['restartPolicy'];

/** What the decision about a restart needs to know of an end. */
export interface Ended
  extends Pick<ContainerState, 'exitCode' | 'restartCount' | 'restartDelay' | 'manuallyStopped' | 'endRequested'> {
  /** Milliseconds from start to end. */
  readonly ranFor: number;
}

/**
 * Milliseconds after which a container that has ended is started again.
 *
 * @returns `undefined` when it is not.
 */
export function delayOfRestart(policy: RestartPolicy, ended: Ended): number | undefined {
  if (ended.endRequested || !applies(policy, ended)) return undefined;
  const { ranFor, restartDelay: last = 0 } = ended;
  if (last === 0 || ranFor >= STEADY) return FIRST_DELAY;
  return Math.min(last * 2, LONGEST_DELAY);
}

/**
 * Whether a container that does not run is started when the daemon is. Docker asks its policy about the last end once
 * more (moby, daemon.restore), so that one with `always` comes back although somebody has stopped it.
 */
export function startsWithDaemon({ config, state }: Pick<Container, 'config' | 'state'>): boolean {
  return state.status === 'exited' && applies(config.host.restartPolicy, state);
}

/**
 * Whether a signal says that the container shall end, so that it is not started again. Without a stop signal of its own
 * Docker takes every signal for that (moby, daemon/kill.go).
 *
 * @param stopSignal the number of the container's own one, when it has one.
 */
export function asksToEnd(signal: number, stopSignal: number | undefined): boolean {
  return signal === SIGKILL || stopSignal === undefined || signal === stopSignal;
}

function applies(
  { name, maximumRetryCount: most }: RestartPolicy,
  { exitCode, restartCount, manuallyStopped = false }: Pick<Ended, 'exitCode' | 'restartCount' | 'manuallyStopped'>,
): boolean {
  if (name === 'always') return true;
  if (name === 'unless-stopped') return !manuallyStopped;
  return name === 'on-failure' && exitCode !== 0 && (most === 0 || restartCount < most);
}
