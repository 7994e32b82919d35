import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FairleadError } from '@fairlead/base';
import type { Endpoint, Network, NetworkController, PortBinding, Sandbox } from '@fairlead/network';
import { sampleContainer, sampleTable } from '../testing/sample-container.ts';
import type { Consequence } from './noted-change.ts';
import { NotedChanges, type NotedChangesParts } from './noted-changes.ts';

const web: PortBinding = { protocol: 'tcp', containerPort: 80, hostPorts: { first: 8080, last: 8080 } };
const byImage: PortBinding = { protocol: 'udp', containerPort: 53 };
const attachment = { network: 'app', config: {} };
const limited = { network: 'app', config: { driverOptions: { 'com.fairlead.bandwidth.in': '10mbit' } } };
const app = { id: 'app-id', name: 'app' } as Network;
const before = sampleContainer({
  id: 'id',
  name: 'web',
  sandbox: 'space',
  config: { networks: [attachment] },
  state: { status: 'running' },
});

/** What each change makes of a container, what follows from it, and what that comes to. */
const cases: Readonly<Record<string, readonly [change: object, Consequence, said: string]>> = {
  'another name': [{ name: 'new' }, { kind: 'name' }, 'rename space new'],
  'other ports': [
    { config: { ...before.config, host: { ...before.config.host, portBindings: [web] } } },
    { kind: 'ports', added: [byImage] },
    'publish space 80 53',
  ],
  'other rates': [
    { config: { ...before.config, networks: [limited] } },
    { kind: 'rates', network: 'app-id' },
    'configure {"aliases":[],"driverOptions":{"com.fairlead.bandwidth.in":"10mbit"}}',
  ],
  'a network less': [
    { config: { ...before.config, networks: [] } },
    { kind: 'network left', network: 'app-id' },
    'leave app-id and write files',
  ],
  'other limits': [
    { config: { ...before.config, host: { ...before.config.host, limits: { pids: 77 } } } },
    { kind: 'limits', limits: { pids: 77 } },
    'limit id 77',
  ],
};

/** Everything that follows is noted in `said`. @param refusal is what it is answered with. */
function rig(container = before, refusal?: Error) {
  const said: string[] = [];
  const logged: string[] = [];
  const table = sampleTable(container);
  const say = async (text: string) => {
    said.push(`${text}${table.get('id')?.noted === undefined ? ', not noted' : ''}`);
    if (refusal !== undefined) throw refusal;
  };
  const network = {
    networks: () => [app],
    findNetwork: () => app,
    leave: ({ network }: Endpoint) => say(`leave ${network}`),
    sandbox: () => ({ id: 'space', owner: 'id' }) as Sandbox,
    endpointsIn: () => [{ network: 'app-id', owner: 'id', config: { aliases: [] } } as unknown as Endpoint],
    renameSandbox: (id: string, name: string) => say(`rename ${id} ${name}`),
    publish: (id: string, ports: readonly PortBinding[]) =>
      say(`publish ${id} ${ports.map(({ containerPort }) => containerPort).join(' ')}`),
    configure: (_: Endpoint, config: object) => say(`configure ${JSON.stringify(config)}`),
  } as unknown as NetworkController;
  const tasks = {
    update: (id: string, { pids }: { readonly pids?: { readonly limit: number } }) => say(`limit ${id} ${pids?.limit}`),
    get: async () => ({ state: 'running' }),
  } as unknown as NonNullable<NotedChangesParts['tasks']>;
  const logger = { warn: (text: string) => void logged.push(text) };
  const rewriteFiles = () => void said.push(`${said.pop()} and write files`);
  return { said, logged, table, changes: new NotedChanges({ network, table, tasks, rewriteFiles, logger }) };
}

describe('a change of a container', () => {
  for (const [name, [change, consequence, wanted]] of Object.entries(cases)) {
    test(`that asks for ${name} is noted, carried out, and noted no longer`, async () => {
      const { said, table, changes } = rig();
      await changes.make(before, change, consequence);
      assert.deepEqual(said, [wanted]);
      assert.deepEqual(table.get('id'), { ...before, ...change });
    });

    test(`that asks for ${name} is taken back when it is refused`, async () => {
      const refusal = new FairleadError('conflict', 'no');
      const { table, changes } = rig(before, refusal);
      await assert.rejects(changes.make(before, change, consequence), refusal);
      assert.deepEqual(table.get('id'), before);
    });

    test(`that asks for ${name} is gone on with by the next engine, or taken back and told of`, async () => {
      const { name: formerName, config } = before;
      const noted = { ...consequence, before: { name: formerName, config } };
      const found = { ...before, ...change, noted };
      const next = rig(found);
      await next.changes.finish(found);
      assert.deepEqual(next.said, [wanted]);
      assert.deepEqual(next.table.get('id'), { ...before, ...change });

      const refused = rig(found, new FairleadError('conflict', 'no'));
      await refused.changes.finish(found);
      assert.deepEqual(refused.table.get('id'), before);
      assert.deepEqual(refused.logged, ['change taken back']);
    });
  }

  test('of what does not run is kept for its next start; its sandbox may be shared, and follows at once', async () => {
    const ended = { ...before, state: { ...before.state, status: 'exited' as const } };
    for (const [name, [change, consequence, wanted]] of Object.entries(cases)) {
      const { said, table, changes } = rig(ended);
      await changes.make(ended, change, consequence);
      assert.deepEqual(said, ['another name', 'a network less'].includes(name) ? [wanted] : []);
      assert.deepEqual(table.get('id'), { ...ended, ...change });
    }
  });

  test('that asks for another name stands when it is refused and the former one is somebody else’s by then', async () => {
    const { table, changes } = rig(before, new FairleadError('conflict', 'no'));
    const making = changes.make(before, { name: 'new' }, { kind: 'name' });
    table.put({ ...before, id: 'other' });
    await assert.rejects(making, { message: 'no' });
    assert.deepEqual([table.find('new').id, table.find('web').id], ['id', 'other']);
  });

  test('that nobody noted is none to finish', async () => {
    const { said, changes } = rig();
    await changes.finish(before);
    assert.deepEqual(said, []);
  });

  test('of limits stands when its container has just ended', async () => {
    const [change, consequence] = cases['other limits'] ?? [];
    assert.ok(change && consequence);
    const { table } = rig();
    const tasks = {
      update: async () => assert.fail('no such task'),
      get: async () => ({ state: 'stopped' }),
    } as unknown as NonNullable<NotedChangesParts['tasks']>;
    const network = {} as unknown as NetworkController;
    const parts = { network, table, tasks, rewriteFiles: assert.fail, logger: { warn: assert.fail } };
    await new NotedChanges(parts).make(before, change, consequence);
    assert.deepEqual(table.get('id')?.config.host.limits, { pids: 77 });
  });
});
