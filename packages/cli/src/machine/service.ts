import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { connect as connectTo } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, FairleadError, messageOf } from '@fairlead/base';
import { runningEngine } from '@fairlead/runtime/host-program';
import type { Action, Invocation } from '../command/command.ts';
import { type Connection, connect } from '../connection/connection.ts';
import { provide } from '../setup/debian-packages.ts';
import { engineRequirements, initRequirements } from '../setup/requirement.ts';
import { launcher, type Places, placesBelow } from './places.ts';
import { stopAllContainers } from './stop-containers.ts';
import { supervisorFor } from './supervisor.ts';

/** Exit codes of `status` when there is no engine, and when it cannot be told, as init scripts have them (LSB). */
const notRunning = 3;
const unknown = 4;
/** Milliseconds that an engine has to answer for the first time. */
const patience = 30_000;

/** `fairlead up`. */
export const up: Action = async ({ options, print }) => {
  requireRoot('up');
  const root = rootFrom(options);
  const places = placesBelow(root);
  const engine = connect(places.address);
  if (options.flag('with-init')) provide(initRequirements, print);
  if (await answers(engine)) {
    print(`Fairlead runs already, at ${places.address}`);
    return 0;
  }
  provide(engineRequirements, print);
  const supervisor = supervisorFor(places, root);
  linkCommand(places);
  await whenAnswering(engine, places, supervisor.start());
  print(`Fairlead runs, started by ${supervisor.name}, at ${places.address}`);
  usage(root, places).forEach(print);
  (await obstacles(engine)).forEach(print);
  return 0;
};

/** What to type next. The socket is root's. */
function usage(root: string, { address }: Places): string[] {
  const command = root === '/' ? 'fairlead' : `${launcher} -H ${address}`;
  return [
    `  sudo ${command} run --rm busybox echo hello      or, with the docker command:`,
    `  sudo docker -H ${address} run --rm busybox echo hello`,
  ];
}

/** Rules of other programs that keep containers from what they are for, a dockerd's among them. */
async function obstacles(engine: Connection): Promise<string[]> {
  const { Warnings: warnings = [] } = await engine.ask<{ readonly Warnings?: readonly string[] }>(
    'GET',
    '/networks/bridge',
  );
  return warnings.map((text) => `warning: ${text}; 'sudo fairlead doctor' says what helps`);
}

/** `fairlead down`. */
export const down: Action = async ({ options, print }) => {
  requireRoot('down');
  const root = rootFrom(options);
  const places = placesBelow(root);
  const engine = connect(places.address);
  const supervisor = supervisorFor(places, root);
  if (!(await answers(engine)) && (await isAbandoned(places))) {
    // Whatever ended the engine, it left containers or helpers running: it knows best how to end them.
    print('the engine is gone but not what it started: starting it once more');
    await whenAnswering(engine, places, supervisor.start());
  }
  if (await answers(engine)) {
    if (!(await stopAllContainers(engine, print))) throw new FairleadError('unavailable', 'not all containers stop');
    await engine.ask('POST', '/fairlead/withdrawal');
  }
  await supervisor.stop();
  const { removeRunFolders } = await import('./run-folders.ts');
  removeRunFolders(places.execRoot);
  unlinkCommand(places);
  print(`Fairlead is stopped, and its networks are gone from the kernel.`);
  print(`Images, containers and networks stay in ${places.dataRoot} for the next 'fairlead up'.`);
  return 0;
};

/** `fairlead status`. */
export const status: Action = async ({ options, print, engine: asked }) => {
  const places = placesBelow(rootFrom(options));
  const engine = options.text('root') === undefined ? asked : connect(places.address);
  let info: EngineInfo;
  try {
    info = await engine.ask<EngineInfo>('GET', '/info');
  } catch (error) {
    const isRefused = codeOf(error) === 'forbidden';
    const reason = messageOf(error);
    if (options.flag('json')) print(JSON.stringify({ running: isRefused ? null : false, reason }));
    else print(isRefused ? `cannot tell: ${reason}` : `not running: ${reason}`);
    return isRefused ? unknown : notRunning;
  }
  if (options.flag('json')) print(JSON.stringify({ running: true, info }));
  else describe(info, engine, runningEngine(places.pidFile)).forEach(print);
  return 0;
};

interface EngineInfo {
  readonly ServerVersion: string;
  readonly Containers: number;
  readonly ContainersRunning: number;
  readonly Images: number;
  readonly DockerRootDir: string;
}

function describe(info: EngineInfo, { address }: Connection, pid: number | undefined): string[] {
  return [
    `running at ${address}${pid === undefined ? '' : `, process ${pid}`}`,
    `version ${info.ServerVersion}, state in ${info.DockerRootDir}`,
    `${info.ContainersRunning} of ${info.Containers} containers run, ${info.Images} images`,
  ];
}

function rootFrom(options: Invocation['options']): string {
  return resolve(options.text('root') ?? '/');
}

function requireRoot(command: string): void {
  if (process.getuid?.() !== 0)
    throw new FairleadError('forbidden', `${command} needs root: sudo ./fairlead ${command}`);
}

async function answers(engine: Connection): Promise<boolean> {
  return engine.open('GET', '/_ping').then(
    (body) => body.resume() !== undefined,
    () => false,
  );
}

/** True when one of the processes runs that a daemon ends when it is stopped while no container runs. */
async function isAbandoned({ execRoot }: Places): Promise<boolean> {
  const sockets = [join(execRoot, 'resolver.sock'), join(execRoot, 'containerd/containerd.sock')];
  return (await Promise.all(sockets.map(takesConnections))).includes(true);
}

async function takesConnections(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connectTo(path, () => resolve(true));
  socket.once('error', () => resolve(false));
  const answer = await promise;
  socket.destroy();
  return answer;
}

async function whenAnswering(engine: Connection, { log, unit }: Places, isAlive: () => boolean): Promise<void> {
  const deadline = Date.now() + patience;
  while (!(await answers(engine))) {
    if (!isAlive() || Date.now() > deadline) {
      const words = existsSync(unit)
        ? 'see journalctl -u fairlead'
        : `${log} ends:\n${readFileSync(log, 'utf8').slice(-2000)}`;
      throw new FairleadError('unavailable', `the engine does not answer: ${words}`);
    }
    await sleep(10);
  }
}

/** Somebody else's file of that name is left alone. */
function linkCommand({ command }: Places): void {
  if (lstatSync(command, { throwIfNoEntry: false }) !== undefined) return;
  mkdirSync(dirname(command), { recursive: true });
  symlinkSync(launcher, command);
}

function unlinkCommand({ command }: Places): void {
  if (lstatSync(command, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return;
  if (readlinkSync(command) === launcher) rmSync(command);
}
