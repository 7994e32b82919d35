import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isConflict, isNotFound } from '@fairlead/base';
import { removeCgroup } from '../spec/cgroup-parent.ts';
import { execProcess } from '../spec/container-spec.ts';
import { readHostFacts } from '../spec/host-facts.ts';
import { startFailureOf } from '../spec/start-failure.ts';
import { importBusybox } from '../testing/busybox-image.ts';
import { collect, createLabContainer } from '../testing/lab-container.ts';
import { type PrivateContainerd, pipeCalls, privateContainerd } from '../testing/private-containerd.ts';
import { ProcessStreams } from './process-streams.ts';

let lab: PrivateContainerd;
let image: string;

before(async () => {
  lab = await privateContainerd();
  image = await importBusybox(lab.containerd, 'docker.io/library/busybox:latest');
});

after(async () => {
  await lab[Symbol.asyncDispose]();
  assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(lab.directory), 'no mount is left');
  assert.ok(!existsSync(lab.directory));
  assert.deepEqual(processesNaming(lab.directory), [], 'neither containerd nor a shim is left');
});

function processesNaming(text: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
    } catch {
      return false;
    }
  });
}

test('true ends with 0 and false with 1', async () => {
  for (const [program, code] of [
    ['true', 0],
    ['false', 1],
  ] as const) {
    await using container = await createLabContainer(lab, { image, args: [program] });
    const ended = lab.containerd.tasks.wait({ containerId: container.id });
    await lab.containerd.tasks.start({ containerId: container.id });
    assert.equal((await ended).code, code);
  }
});

test('output and error output arrive apart, and both end', async () => {
  await using container = await createLabContainer(lab, { image, args: ['sh', '-c', 'echo out; echo err >&2'] });
  await lab.containerd.tasks.start({ containerId: container.id });
  assert.equal(await container.output, 'out\n');
  assert.equal(await container.errors, 'err\n');
});

test('a program reads its input to the end that closeStdin makes', async () => {
  await using container = await createLabContainer(lab, { image, args: ['wc', '-c'], stdin: true });
  await lab.containerd.tasks.start({ containerId: container.id });
  container.streams.stdin?.write(Buffer.alloc(1 << 20));
  await lab.containerd.tasks.closeStdin({ containerId: container.id }, container.streams);
  assert.equal((await container.output).trim(), String(1 << 20));
});

test('a terminal has the size that it was given', async () => {
  const args = ['sh', '-c', 'read line; stty size'];
  await using container = await createLabContainer(lab, { image, args, stdin: true, terminal: true });
  await lab.containerd.tasks.start({ containerId: container.id });
  await lab.containerd.tasks.resizeTerminal({ containerId: container.id }, 99, 33);
  container.streams.stdin?.write('go\n');
  assert.match(await container.output, /33 99/);
});

test('an exec runs in the container and has its own streams and status', async () => {
  const { containerd } = lab;
  await using container = await createLabContainer(lab, { image, args: ['sleep', '100'] });
  const containerId = container.id;
  await containerd.tasks.start({ containerId });
  const layout = { directory: join(lab.directory, 'streams', `${containerId}-exec`), stdin: true, terminal: false };
  using streams = await ProcessStreams.create(layout, pipeCalls);
  const output = collect(streams.stdout);
  const description = { args: ['sh', '-c', 'cat; exit 7'], env: [], user: { uid: 0, gid: 0 } };
  const process = execProcess(description, { hostname: containerId }, readHostFacts());
  const exec = { containerId, execId: 'one' };
  await containerd.tasks.createExec({ ...exec, process, streams });
  const ended = containerd.tasks.wait(exec);
  await containerd.tasks.start(exec, streams);
  streams.stdin?.write('hello');
  await containerd.tasks.closeStdin(exec, streams);
  assert.equal(await output, 'hello');
  assert.equal((await ended).code, 7);
  assert.equal((await containerd.tasks.delete(exec)).code, 7);
  assert.equal((await containerd.tasks.get({ containerId })).state, 'running');
});

test('a signal ends a process with 128 and its number, and a trap can answer it', async () => {
  await using victim = await createLabContainer(lab, { image, args: ['sleep', '100'] });
  const trap = 'trap "exit 42" TERM; echo ready; while :; do sleep 0.05; done';
  await using trapping = await createLabContainer(lab, { image, args: ['sh', '-c', trap] });
  const { tasks } = lab.containerd;
  await tasks.start({ containerId: victim.id });
  const ready = new Promise((resolve) => trapping.streams.stdout.once('data', resolve));
  await tasks.start({ containerId: trapping.id });
  await ready;
  await tasks.kill({ containerId: victim.id }, 9);
  await tasks.kill({ containerId: trapping.id }, 15);
  assert.equal((await tasks.wait({ containerId: victim.id })).code, 137);
  assert.equal((await tasks.wait({ containerId: trapping.id })).code, 42);
});

test('a paused container says so, and goes on', async () => {
  await using container = await createLabContainer(lab, { image, args: ['sleep', '100'] });
  const { tasks } = lab.containerd;
  await tasks.start({ containerId: container.id });
  await tasks.pause(container.id);
  assert.equal((await tasks.get({ containerId: container.id })).state, 'paused');
  await tasks.resume(container.id);
  assert.equal((await tasks.get({ containerId: container.id })).state, 'running');
});

test('limits hold, can be changed, and figures are there', async () => {
  const memory = 64 * 1024 * 1024;
  const description = { limits: { memory, pids: 20 } };
  await using container = await createLabContainer(lab, { image, args: ['sleep', '100'], description });
  const { tasks } = lab.containerd;
  const pid = await tasks.start({ containerId: container.id });
  assert.deepEqual(await tasks.pids(container.id), [pid]);
  const before = await tasks.metrics(container.id);
  assert.equal(before.memory.limit, memory);
  assert.equal(before.processes.limit, 20);
  assert.equal(before.processes.current, 1);
  await tasks.update(container.id, { memory: { limit: memory * 2, swap: memory * 4 } });
  assert.equal((await tasks.metrics(container.id)).memory.limit, memory * 2);
});

test('what was killed for want of memory is known until the task is deleted', async () => {
  const description = { limits: { memory: 16 << 20, memorySwap: 16 << 20 } };
  for (const [args, code, killed] of [
    [['busybox', 'tail', '/dev/zero'], 137, 1],
    [['sh', '-c', 'busybox tail /dev/zero; busybox tail /dev/zero; exit 3'], 3, 2],
    [['false'], 1, 0],
  ] as const) {
    await using container = await createLabContainer(lab, { image, args, description });
    const { tasks } = lab.containerd;
    const ended = tasks.wait({ containerId: container.id });
    await tasks.start({ containerId: container.id });
    assert.equal((await ended).code, code);
    assert.equal((await tasks.metrics(container.id)).memory.killed, killed);
  }
});

test('failures to start are told in the words and with the codes of Docker', async () => {
  const create = (args: string[]): Promise<unknown> => createLabContainer(lab, { image, args });
  const reasonOf = async (args: string[]): Promise<ReturnType<typeof startFailureOf>> =>
    startFailureOf(
      await create(args).then(
        () => assert.fail('it started'),
        (error: unknown) => error,
      ),
    );
  const { message, ...rest } = await reasonOf(['nosuch']);
  assert.deepEqual(rest, { exitCode: 127, code: 'invalid-argument' });
  assert.equal(
    // runc 1.2 says where it happened.
    message.replace('error during container init: ', ''),
    'failed to create task for container: failed to create shim task: OCI runtime create failed: ' +
      'runc create failed: unable to start container process: exec: "nosuch": ' +
      'executable file not found in $PATH: unknown',
  );
  assert.equal((await reasonOf(['/nosuch'])).exitCode, 127);
  assert.equal((await reasonOf(['/etc/notes'])).exitCode, 126);
  assert.deepEqual(readdirSync(join(lab.directory, 'streams')), [], 'no FIFO is left');
});

test('events tell the life of a container', async () => {
  const { containerd } = lab;
  await using events = containerd.events();
  assert.deepEqual((await events.next()).value, { kind: 'subscribed' });
  const kinds: string[] = [];
  const first = events.next();
  {
    await using container = await createLabContainer(lab, { image, args: ['false'] });
    await containerd.tasks.start({ containerId: container.id });
    await containerd.tasks.wait({ containerId: container.id });
  }
  for (let next = await first; !next.done; next = await events.next()) {
    kinds.push(next.value.kind);
    if (next.value.kind !== 'exited') continue;
    assert.equal(next.value.code, 1);
    // Then comes `deleted`, if the shim of containerd 2 is not gone before it has told: nobody may wait for it.
    break;
  }
  assert.deepEqual(kinds, ['started', 'exited']);
});

test('a container outlives containerd: streams, waiting and events go on', async () => {
  const { containerd } = lab;
  const stop = new AbortController();
  const kinds: string[] = [];
  const listening = (async () => {
    for await (const event of containerd.events({ signal: stop.signal })) kinds.push(event.kind);
  })();
  await using _stopped = {
    [Symbol.asyncDispose]() {
      stop.abort();
      return listening;
    },
  };
  await using container = await createLabContainer(lab, { image, args: ['cat'], stdin: true });
  const containerId = container.id;
  await containerd.tasks.start({ containerId });
  const ended = containerd.tasks.wait({ containerId });
  await lab.restart();
  assert.equal((await containerd.tasks.list()).find((task) => task.containerId === containerId)?.state, 'running');
  container.streams.stdin?.write('still here');
  await containerd.tasks.closeStdin({ containerId }, container.streams);
  assert.equal(await container.output, 'still here');
  assert.equal((await ended).code, 0);
  assert.equal(kinds.filter((kind) => kind === 'subscribed').length >= 2, true);
});

test('a new client finds the streams of a running container again', async () => {
  const layout = { directory: '', stdin: true, terminal: false };
  await using container = await createLabContainer(lab, { image, args: ['cat'], stdin: true });
  await lab.containerd.tasks.start({ containerId: container.id });
  container.streams.release();
  using streams = await ProcessStreams.reopen(
    { ...layout, directory: join(lab.directory, 'streams', container.id) },
    pipeCalls,
  );
  const output = collect(streams.stdout);
  streams.stdin?.write('again');
  await lab.containerd.tasks.closeStdin({ containerId: container.id }, streams);
  assert.equal(await output, 'again');
});

test('how a container ended while there was no containerd is known to who waits, asks, and clears up', async () => {
  const { tasks } = lab.containerd;
  await using other = await createLabContainer(lab, { image, args: ['sleep', '100'] });
  await tasks.start({ containerId: other.id });
  const states = async () =>
    new Map((await tasks.list()).map(({ containerId, state, exit }) => [containerId, `${state} ${exit?.code}`]));
  {
    const trap = 'trap "exit 42" TERM; echo ready; while :; do sleep 0.05; done';
    await using container = await createLabContainer(lab, { image, args: ['sh', '-c', trap] });
    const ready = new Promise((resolve) => container.streams.stdout.once('data', resolve));
    await tasks.start({ containerId: container.id });
    await ready;
    const ended = tasks.wait({ containerId: container.id });
    await lab.restart(async () => {
      process.kill(container.pid, 'SIGTERM');
      while (existsSync(`/proc/${container.pid}`)) await sleep(10);
    });
    assert.equal((await ended).code, 42);
    const wanted = [
      [other.id, 'running undefined'],
      [container.id, 'stopped 42'],
    ] as const;
    assert.deepEqual(await states(), new Map(wanted));
  }
  assert.deepEqual(await states(), new Map([[other.id, 'running undefined']]));
});

test('when a shim is killed, its container counts as killed', async () => {
  const { containerd } = lab;
  const container = await createLabContainer(lab, { image, args: ['sleep', '100'] });
  const containerId = container.id;
  await containerd.tasks.start({ containerId });
  const ended = containerd.tasks.wait({ containerId });
  const shim = Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${container.pid}/status`, 'utf8'))?.[1]);
  process.kill(shim, 'SIGKILL');
  assert.equal((await ended).code, 137);
  await containerd.containers.delete(containerId);
  await containerd.snapshots.remove(containerId);
  container.streams[Symbol.dispose]();
  // A shim that was killed cannot remove its socket, and containerd does not (runtime/v2/shim/util_unix.go).
  const address = join(lab.settings.socket, lab.containerd.namespace, containerId);
  rmSync(join('/run/containerd/s', createHash('sha256').update(address).digest('hex')));
});

test('the shim of a lost task is ended, all that it had goes, and its container can be created again', async () => {
  const { containerd } = lab;
  const container = await createLabContainer(lab, { image, args: ['sleep', '100'] });
  const containerId = container.id;
  await containerd.tasks.start({ containerId });
  assert.equal(await containerd.endLostShim('nosuch'), false);
  assert.equal(await containerd.endLostShim(containerId), true);
  while (existsSync(`/proc/${container.pid}`)) await sleep(10);
  container.streams[Symbol.dispose]();
  const rootfs = await containerd.snapshots.mounts(containerId);
  await containerd.tasks.create({ containerId, rootfs });
  await containerd.tasks.kill({ containerId }, 9);
  await containerd.tasks.wait({ containerId });
  await containerd.tasks.delete({ containerId });
  await Promise.all([containerd.containers.delete(containerId), containerd.snapshots.remove(containerId)]);
});

test('a control group goes with the process that a runtime has left in it', async () => {
  const containerId = 'left'.padEnd(64, '0');
  const parent = `/fl-test-${process.pid}`;
  const root = '/sys/fs/cgroup';
  const hierarchies = existsSync(join(root, 'cgroup.controllers'))
    ? [root]
    : [join(root, 'pids'), join(root, 'memory')];
  const groups = hierarchies.map((hierarchy) => join(hierarchy, parent, containerId));
  const stray = spawn('sleep', ['1000'], { stdio: 'ignore' });
  const ended = once(stray, 'exit');
  for (const path of groups) {
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'cgroup.procs'), `${stray.pid}`);
  }
  assert.equal(await removeCgroup({ containerId, parent }), true);
  assert.deepEqual(await ended, [null, 'SIGKILL']);
  assert.ok(!groups.some((path) => existsSync(path)));
  for (const path of groups) rmdirSync(dirname(path));
});

test('what does not exist is not found, what exists twice is a conflict', async () => {
  const { containerd } = lab;
  await assert.rejects(containerd.tasks.wait({ containerId: 'nosuch' }), isNotFound);
  await assert.rejects(containerd.tasks.get({ containerId: 'nosuch' }), isNotFound);
  await assert.rejects(containerd.snapshots.prepareRoot('x', 'sha256:none'), isNotFound);
  await using container = await createLabContainer(lab, { image, args: ['true'] });
  await assert.rejects(containerd.snapshots.prepareRoot(container.id, image), isConflict);
});

test('more calls than HTTP/2 allows by default can wait at the same time', async () => {
  await using container = await createLabContainer(lab, { image, args: ['sleep', '100'] });
  const { tasks } = lab.containerd;
  await tasks.start({ containerId: container.id });
  const waiting = Array.from({ length: 150 }, () => tasks.wait({ containerId: container.id }));
  await tasks.kill({ containerId: container.id }, 9);
  const ends = await Promise.all(waiting);
  assert.ok(ends.every((end) => end.code === 137));
});
