import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { LifeRig } from './life-rig.ts';

/** What containers use, as the docker command and its peers read it, beside what the kernel says. */

interface Processor {
  readonly cpu_usage: { readonly total_usage: number };
  readonly system_cpu_usage?: number;
  readonly online_cpus?: number;
}

interface Stats {
  readonly id: string;
  readonly name: string;
  readonly read: string;
  readonly pids_stats: { readonly current?: number; readonly limit?: number };
  readonly cpu_stats: Processor;
  readonly precpu_stats: Processor;
  readonly memory_stats: {
    readonly usage?: number;
    readonly limit?: number;
    readonly stats?: Readonly<Record<string, number>>;
  };
  readonly networks?: Readonly<Record<string, { readonly rx_bytes: number; readonly tx_packets: number }>>;
}

let rig: LifeRig;
const limits = { Memory: 64 * 1024 * 1024, PidsLimit: 77 };
const stats = (name: string, query: Readonly<Record<string, string | number>> = { stream: 0 }) =>
  rig.api.json<Stats>('GET', `/containers/${name}/stats`, { query });

before(async () => {
  rig = await LifeRig.start();
  await rig.run('busy', ['sh', '-c', 'sleep 1000 & while :; do :; done'], { HostConfig: limits });
  await rig.run('idle', ['sleep', '1000']);
});

after(() => rig[Symbol.asyncDispose]());

test('two samples tell how busy a container was between them', async () => {
  const [busy, idle] = await Promise.all([stats('busy'), stats('idle')]);
  const used = ({ cpu_stats: now, precpu_stats: before }: Stats) =>
    (now.cpu_usage.total_usage - before.cpu_usage.total_usage) /
    ((now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0));
  assert.ok(used(busy) > used(idle), `${used(busy)} ${used(idle)}`);
  assert.ok(used(busy) > 0.01 && used(busy) < 1.1, `${used(busy)}`);
  assert.ok(used(idle) >= 0 && used(idle) < 0.05, `${used(idle)}`);
  const online = readFileSync('/proc/stat', 'utf8').match(/^cpu\d/gm)?.length;
  assert.equal(busy.cpu_stats.online_cpus, online);
});

test('memory and processes are those of the control group', async () => {
  const { id, name, pids_stats: processes, memory_stats: memory } = await stats('busy');
  assert.deepEqual([id, name], [(await rig.inspect('busy')).Id, '/busy']);
  assert.deepEqual(processes, { current: 2, limit: 77 });
  assert.equal(memory.limit, limits.Memory);
  assert.ok(memory.usage !== undefined && memory.usage > 0 && memory.usage < limits.Memory);
  assert.ok(Object.keys(memory.stats ?? {}).some((counter) => /^(total_)?inactive_file$/.test(counter)));
  const machine = Number(/MemTotal: +(\d+) kB/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) * 1024;
  assert.equal((await stats('idle')).memory_stats.limit, machine);
});

test('traffic is that of the container’s interfaces', async () => {
  await rig.exec('idle', ['ping', '-c', '3', '-i', '0.1', '172.17.0.1']);
  const { networks = {} } = await stats('idle', { stream: 0, 'one-shot': 1 });
  assert.deepEqual(Object.keys(networks), ['eth0']);
  const counted = await rig.exec('idle', ['grep', 'eth0', '/proc/net/dev']);
  const [, received, , , , , , , , , sent] = counted.trim().split(/[\s:]+/);
  // Neighbour discovery may go on between the two.
  assert.ok(Math.abs(Number(received) - (networks['eth0']?.rx_bytes ?? 0)) < 1000, counted);
  assert.ok(Number(sent) >= (networks['eth0']?.tx_packets ?? 0) && (networks['eth0']?.tx_packets ?? 0) >= 3, counted);
  await rig.run('alone', ['sleep', '1000'], { HostConfig: { NetworkMode: 'none' } });
  assert.deepEqual((await stats('alone', { stream: 0, 'one-shot': 1 })).networks ?? {}, {});
  await rig.remove('alone');
});

test('one shot has no sample before, a stream has one each second', async () => {
  const shot = await stats('busy', { stream: 0, 'one-shot': 1 });
  assert.equal(shot.precpu_stats.system_cpu_usage, undefined);
  const seen: Stats[] = [];
  for await (const line of rig.api.lines<Stats>('GET', '/containers/busy/stats')) if (seen.push(line) === 3) break;
  assert.deepEqual(
    seen.slice(1).map(({ precpu_stats: before }) => before.cpu_usage.total_usage),
    seen.slice(0, 2).map(({ cpu_stats: now }) => now.cpu_usage.total_usage),
  );
  const both = rig.api.text('GET', '/containers/busy/stats', { query: { stream: 1, 'one-shot': 1 } });
  await assert.rejects(both, { code: 'invalid-argument' });
  await assert.rejects(stats('absent'), { code: 'not-found', message: 'No such container: absent' });
});

test('a container that does not run has zeros, and a stream ends with the container', async () => {
  await rig.create('never', ['true']);
  const { read, pids_stats: processes, memory_stats: memory } = await stats('never');
  assert.deepEqual([read, processes, memory], ['0001-01-01T00:00:00Z', {}, {}]);
  const reading = Array.fromAsync(rig.api.lines<Stats>('GET', '/containers/never/stats'));
  await rig.remove('never');
  assert.ok((await reading).every((line) => line.read === '0001-01-01T00:00:00Z'));
});

test('the docker command shows true numbers', async () => {
  const format = '{{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.NetIO}} {{.PIDs}}';
  const lines = (await rig.daemon.docker('stats', '--no-stream', '--format', format)).trim().split('\n').sort();
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? '', /^busy [\d.]+% [\d.]+(K|M)iB \/ 64MiB [\d.]+k?B \/ [\d.]+k?B 2$/);
  assert.ok(Number(/ ([\d.]+)%/.exec(lines[0] ?? '')?.[1]) > 1, lines.join());
  assert.match(lines[1] ?? '', /^idle 0\.\d\d% [\d.]+(K|M)iB \/ [\d.]+GiB [\d.]+k?B \/ [\d.]+k?B 1$/);
});
