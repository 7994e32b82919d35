import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { splitFrames } from '@fairlead/api/client';
import { eventually, eventuallyEqual, LifeRig, outputOf } from './life-rig.ts';

/** What goes into processes and comes out of them: attached clients, logs, execs. */

let rig: LifeRig;
let idle: Awaited<ReturnType<LifeRig['leftovers']>>;

const none = { HostConfig: { NetworkMode: 'none' } };
const forever = ['sleep', '1000'];
const interactive = {
  ...none,
  OpenStdin: true,
  StdinOnce: true,
  AttachStdin: true,
  AttachStdout: true,
  AttachStderr: true,
};

before(async () => {
  rig = await LifeRig.start();
  idle = await rig.leftovers();
});

after(() => rig[Symbol.asyncDispose]());

afterEach(() => rig.removeAll());

const logs = (name: string, query: Readonly<Record<string, number>> = {}) =>
  rig.api.open('GET', `/containers/${name}/logs`, { query: { stdout: 1, stderr: 1, ...query } });

test('who attaches before the start misses nothing, and two get the same', async () => {
  await rig.create('both', ['sh', '-c', 'echo out; echo err >&2; echo out2'], none);
  const clients = await Promise.all([rig.attach('both'), rig.attach('both')]);
  await rig.post('both', 'start');
  for (const text of await Promise.all(clients.map(outputOf))) {
    assert.deepEqual(text.trim().split('\n').sort(), ['err', 'out', 'out2']);
  }
});

test('who attaches and vanishes without a start leaves nothing behind', async () => {
  const id = await rig.create('unstarted', ['echo', 'now'], none);
  const pipes = async () => (await rig.leftovers())['pipes'];
  const attached = await rig.attach('unstarted');
  // The answer that it never reads tells the engine that it is gone: a closed connection looks like a half-closed one.
  const vanishing = connect(rig.daemon.socketPath).pause();
  vanishing.write(
    `POST /containers/${id}/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
  );
  await sleep(100);
  vanishing.destroy();
  await sleep(100);
  assert.deepEqual(await pipes(), [id], 'somebody else is still there');
  attached.destroy();
  await rig.post('unstarted', 'start');
  await eventually('no pipes are left', async () => (await pipes())?.length === 0);

  const alone = connect(rig.daemon.socketPath).pause();
  alone.write(
    `POST /containers/${id}/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
  );
  await eventually('it is attached', async () => (await pipes())?.length === 1);
  alone.destroy();
  await eventually('no pipes are left', async () => (await pipes())?.length === 0);
  const again = await rig.attach('unstarted');
  await rig.post('unstarted', 'start');
  assert.equal(await outputOf(again), 'now\n');
});

test('after its end a container’s log is there, also to those who attach', async () => {
  await rig.create('ended', ['echo', 'done'], none);
  const ended = await rig.wait('ended', 'next-exit');
  await rig.post('ended', 'start');
  await ended.code;
  assert.equal(await outputOf(await logs('ended')), 'done\n');
  const past = await rig.api.hijack('/containers/ended/attach', { query: { logs: 1, stdout: 1, stderr: 1 } });
  assert.equal(await outputOf(past), 'done\n');
});

test('a half-closed input ends the process’s input while its output goes on', async () => {
  await rig.create('cat', ['cat'], interactive);
  const client = await rig.attach('cat', { stdin: 1 });
  await rig.post('cat', 'start');
  client.end('one\ntwo\n');
  assert.equal(await outputOf(client), 'one\ntwo\n');
  assert.equal((await rig.state('cat')).ExitCode, 0);
});

test('without StdinOnce input goes on after a client’s has ended', async () => {
  await rig.run('cat', ['cat'], { ...interactive, StdinOnce: false });
  const first = await rig.attach('cat', { stdin: 1 });
  first.end('one\n');
  await eventually('the first input arrives', async () => (await outputOf(await logs('cat'))) === 'one\n');
  const second = await rig.attach('cat', { stdin: 1 });
  second.write('two\n');
  await eventually('the second input arrives', async () => (await outputOf(await logs('cat'))) === 'one\ntwo\n');
  second.destroy();
  first.destroy();
  assert.equal((await rig.state('cat')).Running, true);
});

test('a client that vanishes takes the input of its container along, as its half-close would', async () => {
  await rig.create('orphan', ['sh', '-c', 'cat; echo over'], interactive);
  const ended = await rig.wait('orphan', 'next-exit');
  const client = await rig.attach('orphan', { stdin: 1 });
  await rig.post('orphan', 'start');
  client.write('half a');
  await eventually(
    'it runs',
    async () => (await outputOf(await logs('orphan', { tail: 1 }))) === '' && (await rig.state('orphan')).Running,
  );
  client.destroy();
  assert.equal(await ended.code, 0);
  assert.equal(await outputOf(await logs('orphan')), 'half aover\n');
});

test('a terminal has the size that was set before the start, and the one set later', async () => {
  const said = { ...interactive, Tty: true, HostConfig: { NetworkMode: 'none', ConsoleSize: [20, 60] } };
  await rig.create('terminal', ['sh', '-c', 'stty size; read line; stty size'], said);
  const early = await rig.attach('terminal');
  await rig.post('terminal', 'start');
  await eventually('its size is printed', async () => String(early.read()).includes('20 60\r\n'));
  await rig.post('terminal', 'kill');

  const client = await rig.attach('terminal', { stdin: 1 });
  const notRunning = {
    code: 'conflict',
    message: `container ${(await rig.inspect('terminal')).Id} is not running`,
  };
  await assert.rejects(rig.post('terminal', 'resize', { h: 33, w: 99 }), notRunning);
  await rig.post('terminal', 'start');
  let text = '';
  client.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  await eventually('its size is printed', async () => text.includes('20 60\r\n'));
  await rig.post('terminal', 'resize', { h: 45, w: 123 });
  client.write('\n');
  await eventually('its new size is printed', async () => text.includes('45 123\r\n'));
  client.destroy();
});

test('50 MB reach a client and the log unharmed, however slow the client is', async () => {
  const size = 50 << 20;
  const line = `${'x'.repeat(1023)}\n`;
  await rig.create('loud', ['sh', '-c', `yes ${'x'.repeat(1023)} | head -c ${size}`], none);
  const ended = await rig.wait('loud', 'next-exit');
  const client = await rig.attach('loud');
  await rig.post('loud', 'start');
  let received = 0;
  for await (const { data } of splitFrames(client)) {
    received += data.length;
    if (received < 4 << 20) await sleep(5);
    else if (received === size) break;
  }
  assert.equal(received, size);
  assert.equal(await ended.code, 0);
  let logged = 0;
  let rest = '';
  for await (const { data } of splitFrames(await logs('loud'))) {
    logged += data.length;
    rest = Buffer.from(data).toString();
  }
  assert.deepEqual([logged, rest.slice(-line.length)], [size, line]);
});

test('a client that does not read cannot keep a container from being recorded as ended, and loses nothing', async () => {
  await rig.create('ignored', ['sh', '-c', 'head -c 100000 /dev/zero'], none);
  const ended = await rig.wait('ignored', 'next-exit');
  const client = await rig.attach('ignored');
  await rig.post('ignored', 'start');
  assert.equal(await ended.code, 0);
  await sleep(400);
  assert.equal((await outputOf(client)).length, 100_000);
});

test('an exec has its own streams, exit code and end', async () => {
  await rig.run('box', forever, none);
  assert.equal(
    await rig.exec('box', ['sh', '-c', 'echo $A $PWD; id -u'], { Env: ['A=1'], WorkingDir: '/tmp', User: 'nobody' }),
    '1 /tmp\n65534\n',
  );
  const id = await rig.createExec('box', ['sh', '-c', 'cat; exit 9'], { AttachStdin: true });
  const exec = await rig.startExec(id);
  // Compose starts it once more after it has attached, and hears of no failure: it is told on the connection.
  const message = `Error: Exec command ${id} is already running`;
  assert.equal(await outputOf(await rig.startExec(id)), `${message}\r\n`);
  await assert.rejects(rig.api.text('POST', `/exec/${id}/start`, { body: { Detach: true } }), {
    code: 'conflict',
    message,
  });
  exec.end('input');
  assert.equal(await outputOf(exec), 'input');
  const { ExitCode, Running } = await rig.api.json<{ ExitCode: number; Running: boolean }>('GET', `/exec/${id}/json`);
  assert.deepEqual([ExitCode, Running], [9, false]);
});

test('an exec that cannot start says why, and its exit code says it too', async () => {
  await rig.run('box', forever, none);
  const { Id } = await rig.inspect('box');
  const pipes = () => readdirSync(rig.host.pathOf(`/run/fairlead/io/${Id}`)).sort();
  const before = pipes();
  assert.ok(before.includes('stdout'));
  const cases: [string[], Record<string, unknown>, number, RegExp][] = [
    [['absent'], {}, 127, /OCI runtime exec failed: exec failed: .*"absent": executable file not found in \$PATH/],
    [['/etc/passwd'], {}, 126, /permission denied/],
    [['true'], { User: 'ghost' }, 126, /unable to find user ghost: no matching entries in passwd file/],
    [['true'], { WorkingDir: '/etc/passwd' }, 127, /not a directory/],
  ];
  for (const [command, body, code, words] of cases) {
    const id = await rig.createExec('box', command, body);
    assert.match(await outputOf(await rig.startExec(id)), words);
    const { ExitCode } = await rig.api.json<{ ExitCode: number }>('GET', `/exec/${id}/json`);
    assert.equal(ExitCode, code, command.join(' '));
  }
  assert.deepEqual(pipes(), before);
});

test('a child in the background that holds an exec’s pipe does not keep the exec from ending', async () => {
  await rig.run('box', forever, none);
  const begin = Date.now();
  assert.equal(await rig.exec('box', ['sh', '-c', 'sleep 60 & echo started']), 'started\n');
  assert.ok(Date.now() - begin < 5000);
});

test('a detached exec runs, and one in a container that ends, ends with it', async () => {
  await rig.run('box', forever, none);
  const detached = await rig.createExec('box', ['sh', '-c', 'echo here > /tmp/mark']);
  await rig.api.text('POST', `/exec/${detached}/start`, { body: { Detach: true } });
  await eventually('it runs', async () => (await rig.exec('box', ['sh', '-c', 'cat /tmp/mark 2>&1'])) === 'here\n');
  const id = await rig.createExec('box', forever);
  const unstarted = await rig.createExec('box', forever);
  const exec = await rig.startExec(id);
  const state = () => rig.api.json<{ ExitCode: number; Running: boolean; Pid: number }>('GET', `/exec/${id}/json`);
  await eventually('it has started', async () => (await state()).Pid > 0);
  await rig.post('box', 'kill');
  assert.equal(await outputOf(exec), '');
  const { ExitCode, Running } = await state();
  assert.deepEqual([ExitCode, Running], [137, false]);
  const message = `container ${(await rig.inspect('box')).Id} is not running`;
  await assert.rejects(rig.createExec('box', ['true']), { code: 'conflict', message });
  await assert.rejects(rig.startExec(id), { code: 'conflict', message });
  await assert.rejects(resizeExec(id), { code: 'conflict', message });
  await assert.rejects(rig.startExec(unstarted), noExec(unstarted));
  await rig.remove('box');
  await assert.rejects(rig.api.json('GET', `/exec/${id}/json`), noExec(id));
});

const noExec = (id: string) => ({ code: 'not-found', message: `No such exec instance: ${id}` });
const resizeExec = (id: string) => rig.api.text('POST', `/exec/${id}/resize`, { query: { h: 33, w: 99 } });

test('a frozen container has neither new processes nor other sizes, and a signal thaws it', async () => {
  const container = await rig.run('box', forever, none);
  const id = await rig.createExec('box', ['sh', '-c', 'stty size'], { Tty: true });
  await resizeExec(id);
  await rig.post('box', 'pause');
  const message = `Container ${container} is paused, unpause the container before exec`;
  await assert.rejects(rig.startExec(id), { code: 'conflict', message });
  await assert.rejects(resizeExec(id), { code: 'conflict', message });
  await rig.post('box', 'kill', { signal: 'WINCH' });
  const terminal = await rig.startExec(id, { raw: true });
  assert.equal((await terminal.toArray()).join(''), '33 99\r\n');
  await assert.rejects(resizeExec(id), { code: 'not-found', message: 'no such exec' });
});

test('the keys that detach from an exec end the connection, and the exec goes on', async () => {
  await rig.run('box', forever, none);
  const id = await rig.createExec('box', ['cat'], { AttachStdin: true, Tty: true, DetachKeys: 'ctrl-p' });
  const exec = await rig.startExec(id, { raw: true });
  exec.write('\x10');
  assert.equal((await exec.toArray()).join(''), '');
  assert.equal((await rig.api.json<{ Running: boolean }>('GET', `/exec/${id}/json`)).Running, true);
});

test('the execs of a container are listed until they have ended', async () => {
  await rig.run('box', forever, none);
  const [idle, ended] = [await rig.createExec('box', ['true']), await rig.createExec('box', ['true'])];
  await outputOf(await rig.startExec(ended));
  assert.deepEqual((await rig.inspect('box')).ExecIDs, [idle]);
});

test('output has the form that the start of an exec asks for, whatever the process has', async () => {
  await rig.run('box', forever, none);
  const onTerminal = await rig.startExec(await rig.createExec('box', ['echo', 'framed'], { Tty: true }));
  assert.equal(await outputOf(onTerminal), 'framed\r\n');
  const onPipes = await rig.startExec(await rig.createExec('box', ['echo', 'raw']), { raw: true });
  assert.equal((await onPipes.toArray()).join(''), 'raw\n');
});

/** What the daemon has open, in kinds: numbers of pipes and sockets differ. */
function openFiles(): Record<string, number> {
  const directory = `/proc/${rig.daemon.pid}/fd`;
  const kinds: Record<string, number> = {};
  for (const descriptor of readdirSync(directory)) {
    try {
      const kind = readlinkSync(`${directory}/${descriptor}`).replace(/\d+/g, 'N');
      kinds[kind] = (kinds[kind] ?? 0) + 1;
    } catch {
      // It was closed meanwhile.
    }
  }
  return kinds;
}

test('a hundred runs and execs leave no open file, pipe or folder', async () => {
  const round = async (number: number) => {
    const name = `round${number}`;
    await rig.create(name, ['true'], {
      HostConfig: { AutoRemove: true, NetworkMode: number % 2 === 0 ? 'none' : 'bridge' },
    });
    const removed = await rig.wait(name, 'removed');
    const client = await rig.attach(name);
    await rig.post(name, 'start');
    await outputOf(client);
    await removed.code;
  };
  await round(0);
  await round(1);
  await rig.run('box', forever, none);
  await rig.exec('box', ['true']);
  let before = openFiles();
  // What the first rounds have opened is closed a moment later.
  await eventually('nothing is opened nor closed', async () => {
    const earlier = before;
    await sleep(200);
    before = openFiles();
    return isDeepStrictEqual(before, earlier);
  });
  for (let number = 2; number < 62; number += 2) {
    await Promise.all([round(number), round(number + 1), rig.exec('box', ['true'])]);
  }
  for (let number = 0; number < 10; number++) {
    await rig.create('failing', ['absent'], none);
    await assert.rejects(rig.post('failing', 'start'));
    await rig.remove('failing');
  }
  await eventuallyEqual(openFiles, before);
  await rig.remove('box');
  await eventuallyEqual(() => rig.leftovers(), idle);
});
