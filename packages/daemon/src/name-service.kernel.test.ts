import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseIpAddress } from '@fairlead/base';
import { ResolverClient } from '@fairlead/dns/client';
import { namespacePath } from '@fairlead/kernel';
import type { PortReservation } from '@fairlead/network';
import { NameService } from './name-service.ts';

const nothing = { sandboxes: [], endpoints: [], networks: [], portOwners: [] };
const anyPort: PortReservation = { protocol: 'tcp', addresses: [parseIpAddress('127.0.0.1')], count: 1 };

/** A place for a name service of the test's own; whichever process runs there is ended with it. */
function place(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'fl-names-'));
  const warnings: string[] = [];
  const note = (message: string) => void warnings.push(message);
  const logger = { debug: () => {}, info: () => {}, warn: note, error: note };
  const settings = { socket: join(folder, 'names.sock'), log: join(folder, 'names.log'), namespacePath, logger };
  context.after(async () => {
    await (await NameService.find(settings)).shutdown();
    rmSync(folder, { recursive: true });
  });
  return { settings, warnings, isThere: () => existsSync(settings.socket) };
}

test('nobody is started to forget something, nor to be told of networks that nobody is on', async (context) => {
  const { settings, isThere } = place(context);
  await using names = await NameService.find(settings);
  await names.setNetwork({ id: 'n1', name: 'front' });
  await names.setNetwork({ id: 'n2', name: 'back' });
  await names.removeNetwork('n1');
  await names.removeEndpoint('e');
  await names.closeSandbox('s');
  await names.releasePorts('o');
  await names.release('/nowhere');
  assert.deepEqual(await names.list(), nothing);
  assert.deepEqual(await names.statistics(), []);
  assert.equal(isThere(), false);
});

test('the first who needs it has it started, and it knows the networks that are there', async (context) => {
  const { settings } = place(context);
  await using names = await NameService.find(settings);
  await names.setNetwork({ id: 'n1', name: 'front' });
  await names.setNetwork({ id: 'n2', name: 'back' });
  await names.removeNetwork('n1');
  const [[range], another] = await Promise.all([
    names.reservePorts('o', [anyPort]),
    names.setNetwork({ id: 'n3', name: 'late' }),
    names.prepare(),
  ]);
  assert.equal(another, undefined);
  assert.ok((range?.first ?? 0) > 0);
  assert.deepEqual(await names.list(), { ...nothing, networks: ['n2', 'n3'], portOwners: ['o'] });
  await names.removeNetwork('n2');
  assert.deepEqual((await names.list()).networks, ['n3']);
});

test('the next daemon finds it as it is; ended, it is not there for anybody', async (context) => {
  const { settings, isThere } = place(context);
  {
    await using first = await NameService.find(settings);
    await first.reservePorts('o', [anyPort]);
  }
  await using second = await NameService.find(settings);
  assert.deepEqual(await second.list(), { ...nothing, portOwners: ['o'] });
  await second.shutdown();
  assert.equal(isThere(), false);
});

test('it ends when nobody has anything there any more, and the next who needs it finds all networks again', async (context) => {
  const { settings, warnings, isThere } = place(context);
  await using names = await NameService.find({ ...settings, idle: 100 });
  await names.setNetwork({ id: 'n1', name: 'front' });
  await names.reservePorts('o', [anyPort]);
  await sleep(300);
  assert.equal(isThere(), true, 'somebody has a port');
  await names.releasePorts('o');
  for (let attempt = 0; isThere() && attempt < 300; attempt++) await sleep(10);
  assert.equal(isThere(), false);
  assert.deepEqual(await names.list(), nothing);
  await names.reservePorts('p', [anyPort]);
  assert.deepEqual(await names.list(), { ...nothing, networks: ['n1'], portOwners: ['p'] });
  assert.deepEqual(warnings, []);
});

test('who comes while it ends loses nothing', async (context) => {
  const { settings, warnings } = place(context);
  await using names = await NameService.find({ ...settings, idle: 1 });
  for (let round = 0; round < 15; round++) {
    const owner = `o${round}`;
    await names.reservePorts(owner, [anyPort]);
    // At any moment of what follows: before it is asked, while it is, while it ends, after that.
    await names.releasePorts(owner);
    await sleep(round / 2);
    await names.reservePorts(`${owner}b`, [anyPort]);
    await sleep(5);
    assert.deepEqual((await names.list()).portOwners, [`${owner}b`]);
    await names.releasePorts(`${owner}b`);
  }
  assert.deepEqual(warnings, []);
});

test('when it is lost another one is started, which is to be told everything anew', async (context) => {
  const { settings, warnings } = place(context);
  await using names = await NameService.find(settings);
  await names.reservePorts('o', [anyPort]);
  const { promise: restarted, resolve } = Promise.withResolvers<void>();
  names.onRestart = async () => resolve();
  await using asker = await ResolverClient.connect(settings.socket);
  process.kill((await asker.call('ping', {})).pid, 'SIGKILL');
  await restarted;
  // One that is being killed may still take a connection, which is then lost in turn.
  let told: unknown;
  for (let attempt = 0; told === undefined && attempt < 100; attempt++) {
    told = await names.list().catch(() => sleep(10));
  }
  assert.deepEqual(told, nothing);
  assert.deepEqual(new Set(warnings), new Set(['name service lost; starting another one']));
});

test('where it cannot be started the one who needs it is told, and the next one tries again', async (context) => {
  const { settings } = place(context);
  const { log } = settings;
  const broken = { ...settings, log: '/nowhere/names.log' };
  await using names = await NameService.find(broken);
  await assert.rejects(names.reservePorts('o', [anyPort]), { code: 'ENOENT' });
  broken.log = log;
  await names.reservePorts('o', [anyPort]);
  assert.deepEqual((await names.list()).portOwners, ['o']);
});

test('one that cannot be restored at once is restored as soon as it can, whoever needs it or not', async (context) => {
  const { settings, warnings } = place(context);
  const { log } = settings;
  const broken = { ...settings };
  await using names = await NameService.find(broken);
  await names.setNetwork({ id: 'n1', name: 'front' });
  await names.reservePorts('o', [anyPort]);
  const { promise: restarted, resolve } = Promise.withResolvers<void>();
  names.onRestart = async () => resolve();
  broken.log = '/nowhere/names.log';
  const asker = await ResolverClient.connect(settings.socket);
  process.kill((await asker.call('ping', {})).pid, 'SIGKILL');
  await asker.closed;
  const [lost, notYet] = ['name service lost; starting another one', 'name service not restored yet'];
  for (let attempt = 0; !warnings.includes(notYet) && attempt < 500; attempt++) await sleep(10);
  // While it ends it may take a connection, and be lost once more.
  assert.deepEqual(new Set(warnings), new Set([lost, notYet]));
  await assert.rejects(names.reservePorts('p', [anyPort]));
  broken.log = log;
  await restarted;
  assert.deepEqual(await names.list(), { ...nothing, networks: ['n1'] });
});
