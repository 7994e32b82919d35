import type { Container, ContainerState } from '../../model.ts';
import type { ContainerTable } from '../container-table.ts';
import type { ExitWatch } from '../life/exit-watch.ts';
import { parseSignal } from '../life/signal.ts';
import { asksToEnd, delayOfRestart } from './restart-policy.ts';

/** What {@link Restarts} works with. */
export interface RestartParts {
  readonly table: ContainerTable;
  readonly watch: ExitWatch;
  /** Takes the container's turn and starts it, when it still waits for that. Never rejects. */
  readonly startAgain: (id: string) => Promise<void>;
}

/** A container that waits. */
interface Waiting {
  readonly timer: NodeJS.Timeout;
  /** Resolves when the restart was tried or given up. */
  readonly over: PromiseWithResolvers<void>;
}

/** What is forgotten when somebody starts a container by hand. */
const fresh = { restartCount: 0, restartDelay: 0, manuallyStopped: false, endRequested: false } as const;

/**
 * Containers that wait for their restart. The store knows each of them, how long it waits and since when, so that the
 * next daemon goes on where this one was cut off; here are the timers. Whoever calls has the container's turn.
 */
export class Restarts implements AsyncDisposable {
  readonly #parts: RestartParts;
  readonly #waiting = new Map<string, Waiting>();
  readonly #underWay = new Set<Promise<void>>();
  #isOpen = false;

  constructor(parts: RestartParts) {
    this.#parts = parts;
  }

  /** Begin: before this nothing is started, for the engine still finds out what there is. */
  open(): void {
    this.#isOpen = true;
  }

  /** What a container is at after an end: it has ended, or waits for its restart. */
  next({ config, state }: Container, exitCode: number, finishedAt: number): Partial<ContainerState> {
    const ranFor = finishedAt - (state.startedAt ?? finishedAt);
    const delay = delayOfRestart(config.host.restartPolicy, { ...state, exitCode, ranFor });
    if (delay === undefined) return { status: 'exited' };
    return { status: 'restarting', restartCount: state.restartCount + 1, restartDelay: delay };
  }

  /** Start a container when its time has come, if it waits for that. Resolves when that was tried or given up. */
  async arm({ id, state }: Container): Promise<void> {
    if (!this.#isOpen || state.status !== 'restarting') return;
    const { over } = this.#waiting.getOrInsertComputed(id, () => ({
      timer: setTimeout(() => this.#fire(id), timeLeft(state)),
      over: Promise.withResolvers<void>(),
    }));
    await over.promise;
  }

  /** Somebody starts the container: nothing that was before counts. */
  begin({ id, state }: Container): void {
    const { table } = this.#parts;
    const isFresh = !(state.restartCount || state.restartDelay || state.manuallyStopped || state.endRequested);
    if (!isFresh) table.setState(id, fresh);
  }

  /**
   * A signal is sent: what that means for restarts is known before it arrives.
   *
   * @param isShutdown nobody has asked for it, the machine ends (moby, daemon/kill.go: `IsShuttingDown`).
   */
  noteSignal({ id, config, state }: Container, signal: number, isShutdown = false): void {
    const own = config.stopSignal ? parseSignal(config.stopSignal) : undefined;
    const endRequested = state.endRequested || asksToEnd(signal, own);
    const manuallyStopped = state.manuallyStopped || !isShutdown;
    if (state.manuallyStopped === manuallyStopped && state.endRequested === endRequested) return;
    this.#parts.table.setState(id, { manuallyStopped, endRequested });
  }

  /** The container waits no longer and stays as it ended; who waits for it to stop is told. */
  giveUp({ id, state: { exitCode } }: Container): void {
    this.#forget(id);
    this.#parts.table.setState(id, { status: 'exited', exitCode });
    this.#parts.watch.exited(id, { exitCode });
  }

  /** Who waits goes on waiting, in the store. Resolves when what had begun is over. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOpen = false;
    for (const id of this.#waiting.keys()) this.#forget(id);
    await Promise.all(this.#underWay);
  }

  #fire(id: string): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    const start = this.#parts.startAgain(id);
    this.#underWay.add(start);
    void start.then(() => {
      this.#underWay.delete(start);
      waiting?.over.resolve();
    });
  }

  #forget(id: string): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(waiting?.timer);
    waiting?.over.resolve();
  }
}

/** Milliseconds that a container still has to wait. Clocks can be set. */
function timeLeft({ restartDelay = 0, finishedAt = 0 }: ContainerState): number {
  return Math.min(Math.max(finishedAt + restartDelay - Date.now(), 0), restartDelay);
}
