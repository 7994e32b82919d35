import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FairleadError } from '@fairlead/base';
import { runningProcess } from '@fairlead/runtime';
import { type BuildkitdSettings, buildkitdConfig, buildkitdPlaces, networkList } from './buildkitd-config.ts';
import { forgetStepNetworks } from './network-traces.ts';

/** Where the CNI plugins of steps are. */
const networkPrograms = resolve(import.meta.dirname, '../programs/network');

/**
 * Ends what it becomes when the other end of its descriptor 3 is closed without a word: nobody else can be relied upon to
 * do that when the engine is killed.
 */
const withLifeline = '(read -r _ <&3 || kill $$) & exec "$@" 3<&-';

/** Milliseconds for which a buildkitd may take to answer, and to end. */
const patience = 20_000;

/** A buildkitd that runs as a child of this process, and ends with it however that ends. */
export class Buildkitd {
  readonly socket: string;
  readonly #places: ReturnType<typeof buildkitdPlaces>;
  /** Resolves when it has ended, with how. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  #hasEnded = false;

  private constructor(child: ChildProcess, places: ReturnType<typeof buildkitdPlaces>) {
    this.#child = child;
    this.#places = places;
    this.socket = places.socket;
    this.ended = endOf(child);
    void this.ended.then(() => {
      this.#hasEnded = true;
      // Whoever waits at the other end has nobody left to end.
      const lifeline = child.stdio[3];
      if (lifeline && 'end' in lifeline) lifeline.end('\n');
    });
  }

  /** Start one; resolves when it takes connections. @throws FairleadError `unavailable` with the end of its log. */
  static async start(settings: BuildkitdSettings): Promise<Buildkitd> {
    await endBuildkitd(settings);
    for (const directory of [settings.root, settings.state]) mkdirSync(directory, { recursive: true, mode: 0o700 });
    const places = buildkitdPlaces(settings);
    writeFileSync(places.network, networkList);
    writeFileSync(places.config, buildkitdConfig(settings, networkPrograms), { mode: 0o600 });
    const buildkitd = new Buildkitd(launch(settings), places);
    if (await buildkitd.#answers()) return buildkitd;
    buildkitd.#child.kill('SIGKILL');
    const log = readFileSync(places.log, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
    throw new FairleadError('unavailable', `buildkitd did not start: ${await buildkitd.ended}\n${log}`);
  }

  /** End it and wait for that: its builds are given up. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), patience);
    await this.ended;
    clearTimeout(late);
    rmSync(this.#places.pid, { force: true });
  }

  async #answers(): Promise<boolean> {
    const end = performance.now() + patience;
    while (!this.#hasEnded && performance.now() < end) {
      if (await canConnect(this.socket)) return true;
      await sleep(5);
    }
    return false;
  }
}

/** End the buildkitd of an engine that was killed, if it has not ended by itself yet, and forget what it was at. */
export async function endBuildkitd(settings: Pick<BuildkitdSettings, 'root' | 'state'>): Promise<void> {
  const places = buildkitdPlaces(settings);
  const running = () => runningProcess(places.pid, (word) => word === places.config);
  const pid = running();
  if (pid !== undefined) {
    process.kill(pid, 'SIGTERM');
    const late = performance.now() + patience;
    while (running() !== undefined) {
      if (performance.now() > late) process.kill(pid, 'SIGKILL');
      await sleep(5);
    }
  }
  rmSync(places.pid, { force: true });
  rmSync(places.socket, { force: true });
  forgetStepNetworks(settings.root);
}

function launch(settings: BuildkitdSettings): ChildProcess {
  const places = buildkitdPlaces(settings);
  const log = openSync(places.log, 'a', 0o600);
  const words = [settings.program, '--config', places.config];
  const child = spawn('/bin/sh', ['-c', withLifeline, 'sh', ...words], {
    // Signals of a terminal are for the engine, which ends it in good order.
    detached: true,
    stdio: ['ignore', log, log, 'pipe'],
    // Its plugins have what it has. What it mounts for a moment is below its own folder, where it can be found.
    env: {
      ...process.env,
      TMPDIR: settings.state,
      FAIRLEAD_NODE: process.execPath,
      FAIRLEAD_STEPS: places.networkSocket,
    },
  });
  closeSync(log);
  if (child.pid !== undefined) writeFileSync(places.pid, `${child.pid}\n`);
  return child;
}

/** How a child ended, in words: for one that could not be started, too. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((ended) => {
    child.once('error', (error) => ended(error.message));
    child.once('exit', (code, signal) => ended(signal ? `ended by ${signal}` : `exit code ${code}`));
  });
}

function canConnect(path: string): Promise<boolean> {
  return new Promise((answered) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      answered(true);
    });
    socket.once('error', () => answered(false));
  });
}
