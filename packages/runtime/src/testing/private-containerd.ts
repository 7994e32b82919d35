import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isNotFound } from '@fairlead/base';
import { Containerd } from '../containerd/containerd.ts';
import { type ContainerdProcess, type ContainerdSettings, startContainerd } from '../containerd/containerd-process.ts';
import type { PipeCalls } from '../containerd/process-streams.ts';
import type { ExitStatus } from '../containerd/task-types.ts';

const prefix = 'fl-runtime-test-';

/** Control group of this test process's containers, removed at the end. */
export const testCgroup: string = `${prefix}${process.pid}`;

/** A containerd of its own in a temporary directory, for tests on the real thing. */
export type PrivateContainerd = AsyncDisposable & {
  readonly directory: string;
  readonly settings: ContainerdSettings;
  readonly containerd: Containerd;
  /** The process now; another one after `restart`. */
  process: ContainerdProcess;
  /** Kill it like a crash and start it again. @param meanwhile is done while there is none. */
  restart(meanwhile?: () => Promise<void>): Promise<void>;
};

/** mkfifo(1) stands in for the system call that Node does not have; pipes stay as they are. */
export const pipeCalls: PipeCalls = {
  makeFifo: (path, mode) => void execFileSync('mkfifo', ['-m', mode.toString(8), path]),
  setPipeCapacity: () => {},
};

/** Start one; what earlier test runs left behind when they crashed is dismantled first. */
export async function privateContainerd(): Promise<PrivateContainerd> {
  await sweep();
  // Whose it is stands in its name: as long as a file had to tell it, somebody else could sweep it away before that was there.
  const directory = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
  const untoldEnds = new Map<string, ExitStatus>();
  const settings = { ...settingsIn(directory), untoldEnds };
  const lab: PrivateContainerd = {
    directory,
    settings,
    process: await startContainerd(settings),
    containerd: Containerd.connect(settings.socket, { namespace: 'test', untoldEnds }),
    async restart(meanwhile) {
      process.kill(lab.process.pid, 'SIGKILL');
      await lab.process.ended;
      await meanwhile?.();
      lab.process = await startContainerd(settings);
    },
    async [Symbol.asyncDispose]() {
      lab.containerd[Symbol.dispose]();
      await dismantle(directory);
      removeTestCgroup();
    },
  };
  return lab;
}

/** `FAIRLEAD_TEST_CONTAINERD` names a directory with another containerd and its shim, to try other versions. */
function settingsIn(directory: string): ContainerdSettings {
  const programs = process.env['FAIRLEAD_TEST_CONTAINERD'];
  const paths = { root: join(directory, 'root'), state: join(directory, 'state'), socket: join(directory, 'c.sock') };
  return programs ? { ...paths, binary: join(programs, 'containerd'), programs } : paths;
}

/** Dismantle what test processes that no longer exist have left. */
async function sweep(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(prefix))) {
    const [owner = ''] = name.slice(prefix.length).split('-');
    if (!existsSync(`/proc/${owner}`)) await dismantle(join(tmpdir(), name));
  }
}

/** End every container, stop containerd and remove the directory, whatever state all that is in. */
async function dismantle(directory: string): Promise<void> {
  const settings = settingsIn(directory);
  const process = await startContainerd(settings);
  using containerd = Containerd.connect(settings.socket, { namespace: 'test' });
  for (const { containerId, state } of await containerd.tasks.list()) {
    if (state === 'paused') await containerd.tasks.resume(containerId);
    if (state !== 'stopped') await containerd.tasks.kill({ containerId }, 9, { all: true }).catch(ignoreAbsent);
    await containerd.tasks.wait({ containerId }).catch(ignoreAbsent);
    await containerd.tasks.delete({ containerId }).catch(ignoreAbsent);
  }
  await process.stop();
  rmSync(directory, { recursive: true, force: true });
}

/** With version 1 it is in every hierarchy, with version 2 at the top. */
function removeTestCgroup(): void {
  const root = '/sys/fs/cgroup';
  const candidates = [root, ...readdirSync(root).map((name) => join(root, name))];
  for (const directory of candidates.map((parent) => join(parent, testCgroup))) {
    if (existsSync(directory)) rmdirSync(directory);
  }
}

function ignoreAbsent(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
