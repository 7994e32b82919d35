import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '@fairlead/runtime/host-program';
import { PrivateContainerd } from './private-containerd.ts';

/** A program that does nothing but take connections in place of containerd, and does not start while there is a file. */
const program = `#!${process.execPath}
const { existsSync, readFileSync, rmSync } = require('node:fs');
const socket = /address = "([^"]*)"/.exec(readFileSync(process.argv[3], 'utf8'))[1];
if (existsSync(socket + '.broken')) process.exit(1);
rmSync(socket, { force: true });
require('node:net').createServer((client) => client.destroy()).listen(socket);
`;

function place(context: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'fl-containerd-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const paths = { root: join(directory, 'root'), state: join(directory, 'state'), socket: join(directory, 'c.sock') };
  const binary = join(directory, 'program');
  writeFileSync(binary, program, { mode: 0o755 });
  const told: string[] = [];
  const note = (text: string) => void told.push(text);
  const logger = { debug() {}, info() {}, warn: note, error: note };
  const pidFile = join(paths.state, 'containerd.pid');
  /** Zero while there is none. */
  const pid = () => (existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : 0);
  const until = async (isSo: () => boolean) => {
    for (let attempt = 0; !isSo() && attempt < 500; attempt++) await sleep(10);
    assert.ok(isSo());
  };
  return { settings: { ...paths, binary }, broken: `${paths.socket}.broken`, told, logger, pid, until };
}

test('one that cannot be started again at once is tried again until it is', async (context) => {
  const { settings, broken, told, logger, pid, until } = place(context);
  const containerd = await PrivateContainerd.start(settings, logger);
  const first = pid();
  writeFileSync(broken, '');
  process.kill(first, 'SIGKILL');
  await until(() => told.length >= 2);
  assert.deepEqual(told.slice(0, 2), ['containerd lost; starting another one', 'containerd not restored yet']);
  rmSync(broken);
  await until(() => pid() > 0 && pid() !== first && isAlive(pid()));
  const second = pid();
  await containerd.stop();
  assert.equal(isAlive(second), false);
});

test('one that is let go of while there is none is not started any more', async (context) => {
  const { settings, broken, told, logger, pid, until } = place(context);
  const containerd = await PrivateContainerd.start(settings, logger);
  writeFileSync(broken, '');
  process.kill(pid(), 'SIGKILL');
  await until(() => told.length >= 2);
  await containerd.stop();
  const count = told.length;
  await sleep(300);
  assert.equal(told.length, count);
});
