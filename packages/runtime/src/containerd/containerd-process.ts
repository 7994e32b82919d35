import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FairleadError } from '@fairlead/base';
import { installedProgram, isAlive, runningProcess } from '../host-program.ts';
import { notedEndsPath, readNotedEnds } from '../shim/noted-ends.ts';
import { type ContainerdPaths, containerdConfig } from './containerd-config.ts';
import type { ExitStatus } from './task-types.ts';

/** How to run a private containerd. */
export type ContainerdSettings = ContainerdPaths & {
  /** Program; `containerd` on the PATH unless told otherwise. */
  readonly binary?: string;
  /** Directory put first on its PATH: where the shim and the OCI runtime are looked for. */
  readonly programs?: string;
  /** How long it may take to answer, in milliseconds; 10 s unless told otherwise. */
  readonly patience?: number;
  /**
   * Is given, by container id, how those containers ended that did so while there was no containerd: it could not tell
   * any more. The same as a client's; see `ContainerdOptions`.
   */
  readonly untoldEnds?: Map<string, ExitStatus>;
  /**
   * Be sure that ends are noted also when this program is killed before containerd has come up, although that takes some 80 ms
   * more: one that has just lost its containerd may be next.
   */
  readonly isEndangered?: boolean;
};

/** A containerd that runs and takes connections. */
export type ContainerdProcess = {
  readonly pid: number;
  /** True when it ran already: a containerd outlives the program that started it. */
  readonly adopted: boolean;
  /** Resolves when it has ended, however that came about. */
  readonly ended: Promise<void>;
  /** Ask it to stop and wait for that. Containers go on: their shims need no containerd. */
  stop(): Promise<void>;
};

/**
 * Longest address of containerd's API. It appends `.ttrpc` for a second socket and refuses more than 104 characters
 * (containerd/sys/socket_unix.go); the kernel's own limit is 108 (unix(7)).
 */
const longestSocketPath = 98;

/**
 * Notes its process id in a file and becomes the program that the other words are: who starts it may be killed before it could
 * do so, and a containerd that nobody finds holds the database and the socket of the next.
 */
const withPidFile = 'echo $$ >"$0" && exec "$@"';

/**
 * Start containerd, or find the one that still runs at this socket. Resolves when it takes connections.
 *
 * It is detached: it and the containers outlive this program. Its log is `containerd.log` beside its state.
 *
 * @throws FairleadError `invalid-argument` for a socket path that is too long; `unavailable` with the end of the log
 * when it does not come up.
 */
export async function startContainerd(settings: ContainerdSettings): Promise<ContainerdProcess> {
  if (Buffer.byteLength(settings.socket) > longestSocketPath) {
    const limit = `at most ${longestSocketPath} bytes are possible`;
    throw new FairleadError('invalid-argument', `containerd socket path too long: ${settings.socket} (${limit})`);
  }
  const running = findRunning(settings);
  if (running !== undefined) {
    if (await takesConnections(settings, () => isAlive(running))) {
      takeNotedEnds(settings);
      return adoptedProcess(settings, running);
    }
    throw new FairleadError('unavailable', `containerd (process ${running}) does not answer at ${settings.socket}`);
  }
  return spawnContainerd(settings);
}

async function spawnContainerd(settings: ContainerdSettings): Promise<ContainerdProcess> {
  for (const directory of [settings.root, settings.state, dirname(settings.socket)]) {
    mkdirSync(directory, { recursive: true, mode: 0o711 });
  }
  dropMountPlaces(settings.root);
  using _watch = await watchForEnds(settings);
  const config = configPath(settings);
  writeFileSync(config, containerdConfig(settings), { mode: 0o600 });
  const log = openSync(logPath(settings), 'a', 0o600);
  const path = [settings.programs, process.env['PATH'], decompressors()].filter((entry) => entry).join(':');
  const command = [settings.binary ?? 'containerd', '--config', config];
  const child = spawn('/bin/sh', ['-c', withPidFile, pidPath(settings), ...command], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, PATH: path },
  });
  closeSync(log);
  const ended = endOf(child);
  let alive = true;
  const failure = ended.then((reason) => {
    alive = false;
    return reason;
  });
  child.unref();
  if (!(await takesConnections(settings, () => alive))) {
    if (alive) child.kill('SIGKILL');
    throw new FairleadError('unavailable', `containerd did not start: ${await failure}\n${endOfLog(settings)}`);
  }
  const pid = child.pid ?? 0;
  return { pid, adopted: false, ended: ended.then(() => {}), stop: () => stopAndWait(settings, pid) };
}

/**
 * Remove the directories that a killed containerd had just made to mount layers on, or had just unmounted: it looks for what
 * is mounted there itself when it starts, and removes that (mount.CleanupTempMounts).
 */
function dropMountPlaces(root: string): void {
  const folder = join(root, 'tmpmounts');
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    try {
      rmdirSync(join(folder, name));
    } catch {
      // Something is mounted on it.
    }
  }
}

/**
 * Until containerd has taken over the shims of an earlier one, their containers' ends are asked for here, and by a process that
 * outlives this one: who kills both may do so just then.
 */
async function watchForEnds({ state, untoldEnds, isEndangered }: ContainerdSettings): Promise<Disposable | undefined> {
  if (untoldEnds === undefined || !existsSync(bundlesIn(state))) return undefined;
  // Only a start after a crash needs it.
  const { hasShims, keepEnds, watchShims } = await import('../shim/shim-ends.ts');
  if (!hasShims(bundlesIn(state))) return undefined;
  const kept = keepEnds(bundlesIn(state), notedEndsPath(state)).catch(() => {});
  const watch = await watchShims(bundlesIn(state), untoldEnds);
  if (isEndangered) await kept;
  return watch;
}

/** It came up, perhaps just now, with nobody there to hear what it took from shims: that was noted until then. */
function takeNotedEnds({ state, untoldEnds }: ContainerdSettings): void {
  if (untoldEnds === undefined) return;
  for (const [containerId, end] of readNotedEnds(notedEndsPath(state))) {
    if (!untoldEnds.has(containerId)) untoldEnds.set(containerId, end);
  }
}

/**
 * Directory of the program that decompresses layers. By itself containerd does it in Go, in the thread that also digests
 * and unpacks, unless it finds a program called `unpigz` (archive/compression); one of the machine's own comes before ours.
 */
function decompressors(): string | undefined {
  return installedProgram('gzip') && resolve(import.meta.dirname, '../../programs');
}

/** How a child ended, in words: for one that could not be started too. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ? `ended by ${signal}` : `exit code ${code}`));
  });
}

function adoptedProcess(settings: ContainerdSettings, pid: number): ContainerdProcess {
  const ended = (async () => {
    // Somebody else's child cannot be waited for, only looked at.
    while (isAlive(pid)) await sleep(200, undefined, { ref: false });
  })();
  return { pid, adopted: true, ended, stop: () => stopAndWait(settings, pid) };
}

/** It is looked at until it has ended: waiting for a detached child would not keep this program alive. */
async function stopAndWait(settings: ContainerdSettings, pid: number): Promise<void> {
  if (isAlive(pid)) process.kill(pid, 'SIGTERM');
  while (isAlive(pid)) await sleep(2);
  rmSync(pidPath(settings), { force: true });
}

/** The process id of the containerd that was started with this configuration, if it still runs. */
function findRunning(settings: ContainerdSettings): number | undefined {
  const pid = runningProcess(pidPath(settings), (word) => word === configPath(settings));
  if (pid === undefined) rmSync(pidPath(settings), { force: true });
  return pid;
}

/** Wait until the socket takes connections. @returns false when it never does. */
async function takesConnections(settings: ContainerdSettings, alive: () => boolean): Promise<boolean> {
  const end = performance.now() + (settings.patience ?? 10_000);
  while (alive() && performance.now() < end) {
    if (await canConnect(settings.socket)) return true;
    await sleep(2);
  }
  return false;
}

function canConnect(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function endOfLog(settings: ContainerdSettings): string {
  return readFileSync(logPath(settings), 'utf8').trimEnd().split('\n').slice(-10).join('\n');
}

/** Of all containers, those of each of containerd's namespaces in a directory of its own. */
const bundlesIn = (state: string): string => join(state, 'io.containerd.runtime.v2.task');
const configPath = (paths: ContainerdPaths): string => join(paths.state, 'containerd.toml');
const pidPath = (paths: ContainerdPaths): string => join(paths.state, 'containerd.pid');
const logPath = (paths: ContainerdPaths): string => join(paths.state, 'containerd.log');
