import { flushCompileCache, registerHooks } from 'node:module';
import { ApiServer } from '@fairlead/api';
import { KeyedMutex, type Logger, lateModule, loadLateModules, loadUsualModules, messageOf } from '@fairlead/base';
import type { DiagnosisService, EnginePort } from '@fairlead/engine';
import { type ComposedEngine, composeEngine } from './composition.ts';
import type { AskedContainerd } from './early-question.ts';
import { handleFaults } from './faults.ts';
import { flags } from './flag.ts';
import { listenAddresses } from './listener.ts';
import { daemonLogger } from './log.ts';
import { daemonOptions, type LiveOptions } from './options.ts';
import { PidFile } from './pid-file.ts';
import type { KeptProgram } from './program/kept-program.ts';
import { reloadedOptions } from './reload.ts';
import { isForwardingLacking } from './system-info.ts';
import { VERSION } from './version.ts';

const memory = lateModule(() => import('@fairlead/kernel/memory'));
const lateSources = lateModule(() => import('./program/late-sources.ts'));

/** By then the start is over, and whoever waited for the API has been served. */
const COMPLETION_DELAY_MS = 3000;
/** Whoever waited for the API comes first. */
const WATCH_DELAY_MS = 200;

/** What a start has at hand already. */
export interface BegunStart {
  /** A containerd that has been asked; see `askEarly`. */
  readonly asked?: AskedContainerd | undefined;
  /** What this module is part of, where Node has not loaded it from its source. */
  readonly program?: KeptProgram | undefined;
}

/**
 * Run the daemon until it is told to end. Containers, names and published ports go on without it.
 *
 * @param words the command line behind `fairlead daemon`.
 * @returns the exit status.
 */
export async function runDaemon(words: readonly string[], { asked, program }: BegunStart = {}): Promise<number> {
  if (words.some((word) => word === '--help' || word === 'help')) {
    process.stdout.write(usage());
    return 0;
  }
  if (words.some((word) => word === '--version' || word === '-v')) {
    process.stdout.write(`Fairlead version ${VERSION}\n`);
    return 0;
  }
  let live: LiveOptions;
  try {
    live = { current: daemonOptions(words) };
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return 1;
  }
  if (live.current.validatesOnly) {
    process.stderr.write('configuration OK\n');
    return 0;
  }
  try {
    const options = live.current;
    const logger = daemonLogger(() => (live.current.debug ? 'debug' : live.current.logLevel));
    // From here on the signal does not end the process.
    const reloading: Reloading = { words, live, logger, turns: new KeyedMutex() };
    process.on('SIGHUP', () => void reload(reloading));
    handleFaults(logger);
    for (const note of options.notes) logger.info(`flag without effect: ${note}`);
    if (isForwardingLacking(options)) logger.warn('IPv4 forwarding is disabled. Networking will not work.');
    using _pidFile = new PidFile(options.pidFile);
    const addresses = listenAddresses(options);
    await using composed = await composeEngine(live, logger, asked);
    // Clients can connect before the engine is ready: they wait, where they would have been refused.
    const { promise: ready, resolve } = Promise.withResolvers<void>();
    const { engine, authorizers } = composed;
    await using server = new ApiServer({ engine, productVersion: VERSION, logger, ready, authorizers });
    for (const address of addresses) await server.listen(address);
    resolve(composed.engine.start());
    await ready;
    reloading.composed = composed;
    logger.info('API listening', { hosts: options.hosts, milliseconds: Math.round(performance.now()) });
    setTimeout(() => void watchNetwork(composed.engine, logger), WATCH_DELAY_MS).unref();
    setTimeout(() => void completeProgram(composed.engine, logger, program), COMPLETION_DELAY_MS).unref();
    await untilStopped();
    logger.info('daemon shutting down; containers go on');
    return 0;
  } catch (error) {
    process.stderr.write(`failed to start daemon: ${messageOf(error)}\n`);
    return 1;
  }
}

/** Begin the journal. The engine is there for its containers, also where the network cannot be watched. */
async function watchNetwork({ diagnosis }: EnginePort, logger: Logger): Promise<void> {
  try {
    await diagnosis.start();
  } catch (error) {
    logger.error('the network is not watched', { error: messageOf(error) });
  }
}

/**
 * From here on the program is what it is now: what the start did not need is at hand in one file, or is loaded where there is
 * none. What was compiled is written down: Node does it at its end, which may never come. What only the start needed is handed
 * back as soon as nothing happens.
 */
async function completeProgram({ diagnosis }: EnginePort, logger: Logger, program?: KeptProgram): Promise<void> {
  try {
    const { LateSources, lateSourcesPath } = await lateSources();
    const late = LateSources.open(lateSourcesPath(process.env['NODE_COMPILE_CACHE'] ?? ''));
    if (late?.isCurrent()) {
      registerHooks({ load: late.load, resolve: late.resolve });
    } else {
      late?.[Symbol.dispose]();
      await loadLateModules();
    }
    flushCompileCache();
    keepCompiled(program, logger);
    const { handBackAtRest } = await memory();
    handBackAtRest({
      prepare: () => prepareForFirst(diagnosis, logger),
      onError: (error) => logger.warn('memory is not handed back', { error: messageOf(error) }),
    });
  } catch (error) {
    logger.error('program not complete', { error: messageOf(error) });
  }
}

/** The next start is slower where the folder cannot be written to, and nothing else. */
function keepCompiled(program: KeptProgram | undefined, logger: Logger): void {
  try {
    program?.completeStart();
  } catch (error) {
    logger.debug('what was compiled is not kept', { error: messageOf(error) });
  }
}

/** What the first of each usual request would wait for, done when nobody waits for anything. */
async function prepareForFirst(diagnosis: DiagnosisService, logger: Logger): Promise<void> {
  await loadUsualModules();
  try {
    await diagnosis.prepare();
  } catch (error) {
    logger.debug('traces are not prepared', { error: messageOf(error) });
  }
}

/** What {@link reload} works with. */
interface Reloading {
  readonly words: readonly string[];
  readonly live: LiveOptions;
  readonly logger: Logger;
  /** One at a time, in the order of the signals. */
  readonly turns: KeyedMutex;
  /** Absent until the engine is ready. */
  composed?: Pick<ComposedEngine, 'requireReloadable' | 'tellReload'>;
}

/** Read the options again; when the file says something that cannot be, everything stays as it was. */
async function reload(reloading: Reloading): Promise<void> {
  const { words, live, logger, turns } = reloading;
  await turns.run('reload', async () => {
    try {
      const fresh = reloadedOptions(words, live.current);
      await reloading.composed?.requireReloadable(fresh);
      live.current = fresh;
      logger.info('configuration reloaded');
      reloading.composed?.tellReload();
    } catch (error) {
      logger.error('configuration not reloaded', { error: messageOf(error) });
    }
  });
}

async function untilStopped(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  process.once('SIGTERM', () => resolve());
  process.once('SIGINT', () => resolve());
  await promise;
}

function usage(): string {
  const lines = flags.map(({ name, short, kind, note }) => {
    const spelled = `${short ? `-${short}, ` : '    '}--${name}${kind === 'switch' ? '' : ` ${kind}`}`;
    return `  ${spelled.padEnd(36)}${note ? `no effect: ${note}` : ''}`.trimEnd();
  });
  const own = ['      --help', '  -v, --version'];
  return `Usage: fairlead daemon [FLAGS]\n\nThe engine. Its flags are dockerd's.\n\n${[...lines, ...own].join('\n')}\n`;
}
