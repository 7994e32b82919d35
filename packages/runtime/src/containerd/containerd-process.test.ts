import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../host-program.ts';
import { EndNotes, notedEndsPath } from '../shim/noted-ends.ts';
import { startContainerd } from './containerd-process.ts';

/** A program that runs in place of containerd until it is stopped, and a socket at which somebody answers. */
async function place(context: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'fl-containerd-'));
  const paths = { root: join(directory, 'root'), state: join(directory, 'state'), socket: join(directory, 'c.sock') };
  const binary = join(directory, 'program');
  writeFileSync(binary, '#!/bin/sh\nwhile :; do sleep 0.1; done\n', { mode: 0o755 });
  mkdirSync(paths.state);
  const server = createServer((socket) => socket.destroy()).listen(paths.socket);
  await once(server, 'listening');
  context.after(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });
  return { ...paths, binary, pidFile: join(paths.state, 'containerd.pid') };
}

async function there(file: string): Promise<void> {
  for (let attempt = 0; !existsSync(file) && attempt < 500; attempt++) await sleep(10);
}

/** Kills the process as soon as it has started another one. */
const killedAtSpawn = `
  import childProcess from 'node:child_process';
  import { syncBuiltinESMExports } from 'node:module';
  const { spawn } = childProcess;
  childProcess.spawn = (...words) => {
    spawn(...words);
    process.kill(process.pid, 'SIGKILL');
  };
  syncBuiltinESMExports();
`;

test('one that was started by a daemon that was killed in that moment is found again', async (context) => {
  const { pidFile, ...settings } = await place(context);
  const source = JSON.stringify(new URL('containerd-process.ts', import.meta.url));
  const program = `const { startContainerd } = await import(${source}); await startContainerd(${JSON.stringify(settings)});`;
  const preload = `data:text/javascript,${encodeURIComponent(killedAtSpawn)}`;
  const daemon = spawn(process.execPath, ['--import', preload, '--input-type=module', '-e', program]);
  assert.deepEqual(await once(daemon, 'exit'), [null, 'SIGKILL']);
  await there(pidFile);
  const found = await startContainerd(settings);
  assert.deepEqual([found.adopted, found.pid], [true, Number(readFileSync(pidFile, 'utf8'))]);
  await found.stop();
  assert.equal(isAlive(found.pid), false);
});

test('how containers ended while one came up that nobody saw is known to who finds it', async (context) => {
  const { pidFile, ...settings } = await place(context);
  const started = await startContainerd(settings);
  context.after(() => started.stop());
  await there(pidFile);
  const [first, second] = [new Date(1_000), new Date(2_000)];
  const notes = new EndNotes(notedEndsPath(settings.state));
  notes.set('noted', { code: 3, exitedAt: first });
  notes.set('heard', { code: 4, exitedAt: first });
  const untoldEnds = new Map([['heard', { code: 5, exitedAt: second }]]);
  const found = await startContainerd({ ...settings, untoldEnds });
  assert.equal(found.adopted, true);
  assert.deepEqual(Object.fromEntries(untoldEnds), {
    noted: { code: 3, exitedAt: first },
    heard: { code: 5, exitedAt: second },
  });
});
