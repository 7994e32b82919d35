import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FairleadError, type Logger } from '@fairlead/base';
import { listXattrs, makeNode, openInRoot, openMountTree, readXattr, writeXattr } from '@fairlead/kernel';
import { type TarFile, tarEnd, tarHeader, tarPadding } from '@fairlead/registry/tar';
import { readHostFacts } from '@fairlead/runtime';
import { Store } from '@fairlead/store';
import { EventLog } from '../event-log.ts';
import type { Plugin } from './plugin-model.ts';
import type { PluginContainerd } from './plugin-process.ts';
import { Plugins } from './plugins.ts';
import { samplePlugin } from './testing/sample-plugin.ts';

const missing = async () => {
  throw new FairleadError('not-found', 'there is none');
};
/** A containerd that has nothing. */
const containerd: PluginContainerd & Disposable = {
  tasks: {
    list: async () => [],
    get: missing,
    create: missing,
    start: missing,
    kill: missing,
    wait: missing,
    delete: missing,
  },
  containers: { create: missing, delete: missing },
  endLostShim: async () => false,
  [Symbol.dispose]() {},
};

/** Plugins in a folder of the test's own, none of which runs. */
function rig(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'fl-plugins-'));
  const store = Store.open(join(folder, 'state.db'));
  context.after(() => {
    store[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });
  const told: string[] = [];
  const busy: string[] = [];
  const unmount = () => {
    throw new Error('device or resource busy');
  };
  const logger: Logger = { debug() {}, info() {}, warn() {}, error: (text) => void told.push(text) };
  const documents = store.collection<Plugin>('plugin');
  const plugins = new Plugins({
    ...{ documents, events: new EventLog(), logger, dataRoot: folder, execRoot: join(folder, 'run'), cgroupParent: '' },
    files: { listXattrs, makeNode, openInRoot, openMountTree, readXattr, writeXattr },
    fileSystems: {
      mount: async () => {},
      unmount,
      mountPoints: () => busy.map((id) => join(folder, 'plugins', id, 'below')),
    },
    pipeCalls: { makeFifo: () => assert.fail('nothing runs'), setPipeCapacity: () => assert.fail('nothing runs') },
    ...{ facts: readHostFacts(), runtime: { binary: 'runc' }, registry: {} },
    containerd: async () => containerd,
    uses: () => 0,
  });
  return { folder: join(folder, 'plugins'), plugins, documents, told, busy };
}

async function* archive(): AsyncGenerator<Uint8Array> {
  const attributes = { mode: 0o755, uid: 0, gid: 0, mtime: 1_600_000_000, major: 0, minor: 0 };
  const config = '{"entrypoint":["/plug"],"interface":{"socket":"p.sock"}}';
  const parts: (Omit<TarFile, 'attributes'> & { readonly text?: string })[] = [
    { name: 'rootfs/', type: 'directory' },
    { name: 'config.json', type: 'file', text: config },
  ];
  for (const { text = '', ...part } of parts) {
    yield tarHeader({ ...part, attributes, size: text.length });
    yield Buffer.from(text);
    yield tarPadding(text.length);
  }
  yield tarEnd;
}

test('of those that are made at the same time under one name there is one', async (context) => {
  const { folder, plugins } = rig(context);
  for (let round = 0; round < 10; round++) {
    const made = await Promise.allSettled(Array.from({ length: 4 }, () => plugins.create(`p${round}`, archive())));
    assert.deepEqual(made.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected', 'rejected']);
  }
  assert.equal(plugins.list().length, 10);
  assert.equal(readdirSync(folder).filter((name) => !['storage', 'unfinished'].includes(name)).length, 10);
});

test('what cannot be cleared away keeps nobody from starting, and the rest is', async (context) => {
  const { folder, plugins, documents, told, busy } = rig(context);
  const [stuck, leaving] = [
    samplePlugin({ name: 'a:latest', removing: true }),
    samplePlugin({ name: 'b:latest', removing: true }),
  ];
  for (const plugin of [stuck, leaving]) {
    documents.put(plugin);
    mkdirSync(join(folder, plugin.id), { recursive: true });
  }
  busy.push(stuck.id);
  await plugins.recover();
  assert.deepEqual(
    [told, existsSync(join(folder, leaving.id))],
    [['plugin not restored', 'leftovers of plugins not removed'], false],
  );
});
