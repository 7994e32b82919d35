import { setTimeout as sleep } from 'node:timers/promises';
import { labAddresses } from '@fairlead/lab';
import { type Engine, withEngines } from '../engine.ts';
import { atMost, type Goal, type Measurement, measured, note, type Samples, within } from '../measurement.ts';
import { engineProcesses, memoryOf } from '../memory.ts';
import { type Probe, startPing, startProbe } from '../probe.ts';
import type { Setting, Subject } from '../subject.ts';

const size = 50;
/** For memory alone. */
const largeSize = 200;
const firstPort = 20_000;
const mebibyte = 1024 * 1024;

/** What many containers cost, and what they notice of a daemon that is killed. */
export const fleet: Subject = {
  name: 'fleet',
  method:
    `${size} containers with a web server and a published port each, and ${largeSize} at the end. Memory: the daemon, its helpers, containerd and ` +
    'shims, without the containers’ own processes; shared files count once. Restart: the daemon is killed with ' +
    'SIGKILL and started again (dockerd with `--live-restore`); time from the start to the first answer of `/_ping`. ' +
    'From before the kill until a second after the answer, a hundred times a second each: a name is asked for inside ' +
    'a container, a page is fetched through a published port from outside and over the host’s 127.0.0.1, and a ' +
    'container pings the outside. What is not done after a second has failed. Then the daemon is killed together with ' +
    'its containerd, and started again: time from the start to the first list of containers in which all run.',
  measure: ({ engines: names, times, say }) =>
    withEngines(names, async (engines) => {
      const idle: Samples = {};
      const full: Samples = {};
      for (const engine of engines) {
        say(`${size} containers on ${engine.name}`);
        // What a start puts off is done by then.
        await sleep(5000);
        note(idle, engine.name, memoryOf(engineProcesses(engine.host.pid)) / mebibyte);
        await startFleet(engine, 1, size);
        await sleep(2000);
        note(full, engine.name, memoryOf(engineProcesses(engine.host.pid)) / mebibyte);
      }
      const restarts = await measureRestarts(engines, times, say);
      const losses = await measureLosses(engines, times, say);
      const large: Samples = {};
      for (const engine of engines) {
        say(`${largeSize} containers on ${engine.name}`);
        await startFleet(engine, size + 1, largeSize);
        await sleep(2000);
        note(large, engine.name, memoryOf(engineProcesses(engine.host.pid)) / mebibyte);
      }
      const memory = (what: string, samples: Samples) =>
        measured({ subject: 'memory of the engine', what, unit: 'MiB', goal: atMost(1, 'dockerd') }, samples);
      return [
        memory('no containers', idle),
        memory(`${size} containers with a port each`, full),
        memory(`${largeSize} containers with a port each`, large),
        ...restarts,
        losses,
      ];
    }),
};

async function startFleet(engine: Engine, first: number, last: number): Promise<void> {
  for (let index = first; index <= last; index++) {
    const command = ['httpd', '-f', '-h', '/var/www'];
    await engine.run({ name: `c${index}`, network: 'app', command, ports: { [firstPort + index]: 80 } });
  }
}

/** What is tried while the daemon is away. */
const probed = ['names', 'connections from outside', 'connections over 127.0.0.1', 'pings'] as const;

async function measureRestarts(
  engines: readonly Engine[],
  times: Setting['times'],
  say: Setting['say'],
): Promise<Measurement[]> {
  const back: Samples = {};
  const lost: Record<(typeof probed)[number], Samples> = {
    names: {},
    'connections from outside': {},
    'connections over 127.0.0.1': {},
    pings: {},
  };
  for (let round = 0; round < times(3); round++) {
    for (const engine of engines) {
      say(`killing and starting ${engine.name} again`);
      using stack = new DisposableStack();
      const probes = await startProbes(engine, stack);
      await sleep(300);
      await engine.daemon.kill9();
      note(back, engine.name, await engine.daemon.restart());
      await sleep(1000);
      const results = await Promise.all(probes.map((probe) => probe.stop()));
      for (const [index, what] of probed.entries()) {
        const { sent = 0, failed = 0 } = results[index] ?? {};
        note(lost[what], engine.name, sent === 0 ? 100 : (failed / sent) * 100);
      }
    }
  }
  const subject = `daemon killed and started again, ${size} containers`;
  const line = (what: string, unit: string, samples: Samples, goal: Goal) =>
    measured({ subject, what, unit, goal }, samples);
  return [
    line('until the API answers', 'ms', back, within(300, 'ms')),
    ...probed.map((what) => line(`failed ${what}`, '%', lost[what], within(0, '%'))),
  ];
}

/** Both are killed: how long it takes until all containers are known to run. */
async function measureLosses(
  engines: readonly Engine[],
  times: Setting['times'],
  say: Setting['say'],
): Promise<Measurement> {
  const right: Samples = {};
  for (let round = 0; round < times(3); round++) {
    for (const engine of engines) {
      say(`killing ${engine.name} and its containerd, and starting them again`);
      const containerd = (await engine.host.exec('pidof', 'containerd')).trim();
      // In this order: dockerd's own containerd ends with it.
      await engine.host.exec('kill', '-9', containerd);
      await engine.daemon.kill9();
      const start = performance.now();
      await engine.daemon.restart();
      while (((await engine.call('GET', '/v1.41/containers/json')) as unknown[]).length < size) await sleep(5);
      note(right, engine.name, performance.now() - start);
      await sleep(1000);
    }
  }
  const subject = `daemon and containerd killed and started again, ${size} containers`;
  return measured({ subject, what: 'until all are known to run', unit: 'ms', goal: within(2000, 'ms') }, right);
}

/** In the order of {@link probed}. */
async function startProbes(engine: Engine, stack: DisposableStack): Promise<Probe[]> {
  const container = await engine.namespaceOf('c1');
  const port = `${firstPort + 2}`;
  const { host } = engine;
  return [
    stack.use(await startProbe(container, 'name', 'c2')),
    stack.use(await startProbe(host.outside.path, 'page', labAddresses.host.ipv4, port)),
    stack.use(await startProbe(host.pathOf('/proc/1/ns/net'), 'page', '127.0.0.1', port)),
    stack.use(await startPing(container, labAddresses.outside.ipv4)),
  ];
}
