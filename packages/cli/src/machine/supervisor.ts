import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FairleadError } from '@fairlead/base';
import { runningEngine } from '@fairlead/runtime/host-program';
import { containersUnitText, daemonFlags, launcher, type Places, socketUnitText, unitText } from './places.ts';

/** Who starts the engine and ends it. */
export interface Supervisor {
  /** `systemd`, or `a process of its own`. */
  readonly name: string;
  /** Start it unless it runs; returns before it answers. The result says whether it is still worth waiting for. */
  start(): () => boolean;
  /** End it and remove what start left. What is gone already is success. */
  stop(): Promise<void>;
}

/** systemd where it runs this machine, else a process that nobody looks after. */
export function supervisorFor(places: Places, root: string): Supervisor {
  return root === '/' && existsSync('/run/systemd/system') ? systemd(places) : detached(places);
}

function systemd(places: Places): Supervisor {
  return {
    name: 'systemd',
    start() {
      writeFileSync(places.unit, unitText(places));
      writeFileSync(places.socketUnit, socketUnitText(places, socketGroup()));
      writeFileSync(places.containersUnit, containersUnitText(places));
      systemctl('daemon-reload');
      systemctl('enable', '--now', 'fairlead.socket', 'fairlead.service', 'fairlead-containers.service');
      return () => true;
    },
    async stop() {
      if (!existsSync(places.unit)) return;
      // Containers while there is an engine to stop them, then the socket: a client would start the service again.
      for (const [name, unit] of [
        ['fairlead-containers.service', places.containersUnit],
        ['fairlead.socket', places.socketUnit],
        ['fairlead.service', places.unit],
      ] as const) {
        if (!existsSync(unit)) continue;
        systemctl('disable', '--now', name);
        rmSync(unit);
      }
      systemctl('daemon-reload');
    },
  };
}

/** Whose members may use the engine: docker's users, where the machine has such a group. */
function socketGroup(): string | undefined {
  return /^docker:/m.test(readFileSync('/etc/group', 'utf8')) ? 'docker' : undefined;
}

function systemctl(...words: string[]): void {
  const { status, stderr } = spawnSync('systemctl', words, { encoding: 'utf8' });
  if (status !== 0) throw new FairleadError('internal', `systemctl ${words.join(' ')}: ${stderr.trim()}`);
}

function detached(places: Places): Supervisor {
  return {
    name: 'a process of its own',
    start() {
      if (runningEngine(places.pidFile) !== undefined) return () => true;
      for (const path of [places.log, places.pidFile]) mkdirSync(dirname(path), { recursive: true });
      const log = openSync(places.log, 'a', 0o640);
      const flags = ['daemon', ...daemonFlags(places)];
      const engine = spawn(launcher, flags, { detached: true, stdio: ['ignore', log, log], cwd: '/' });
      engine.unref();
      return () => engine.exitCode === null && engine.signalCode === null;
    },
    async stop() {
      const pid = runningEngine(places.pidFile);
      if (pid !== undefined) await end(pid);
      rmSync(places.pidFile, { force: true });
    },
  };
}

/** Milliseconds that an engine has to end by itself. */
const patience = 15_000;

async function end(pid: number): Promise<void> {
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + patience;
  while (existsSync(`/proc/${pid}`)) {
    if (Date.now() > deadline) throw new FairleadError('unavailable', `the engine (process ${pid}) does not end`);
    await sleep(20);
  }
}
