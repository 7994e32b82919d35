import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf, messageOf } from '@fairlead/base';
import { serveFake } from '../testing/index.ts';

const init = { ListenAddr: '0.0.0.0:2377', Spec: { Raft: { SnapshotInterval: 5000 } } };

test('a swarm is made, shown as dockerd shows it, changed and left', async () => {
  await using fake = await serveFake();
  const { client } = fake;
  const id = await client.json<string>('POST', '/swarm/init', { body: init });
  const swarm = await client.json<Record<string, Record<string, unknown>>>('GET', '/swarm');
  assert.deepEqual(swarm['Spec'], {
    Name: 'default',
    Labels: {},
    Orchestration: { TaskHistoryRetentionLimit: 5 },
    Raft: {
      ...{ SnapshotInterval: 5000, KeepOldSnapshots: 0, LogEntriesForSlowFollowers: 500 },
      ...{ ElectionTick: 10, HeartbeatTick: 1 },
    },
    Dispatcher: { HeartbeatPeriod: 5_000_000_000 },
    CAConfig: { NodeCertExpiry: 7_776_000_000_000_000 },
    TaskDefaults: {},
    EncryptionConfig: { AutoLockManagers: false },
  });
  const info = await client.json<{ Swarm: { NodeID: string; LocalNodeState: string } }>('GET', '/info');
  assert.deepEqual([info.Swarm.NodeID, info.Swarm.LocalNodeState], [id, 'active']);
  await assert.rejects(client.text('POST', '/swarm/update?version=x', { body: {} }), {
    message: `invalid swarm version 'x': strconv.ParseUint: parsing "x": invalid syntax`,
  });
  await client.text('POST', '/swarm/leave?force=1');
  await assert.rejects(client.text('GET', '/swarm'), { code: 'unavailable' });
});

test('nodes, secrets and configs are there only in a swarm, and found by their filters', async () => {
  await using fake = await serveFake();
  const { client } = fake;
  for (const path of ['/nodes', '/secrets', '/configs']) {
    await assert.rejects(client.text('GET', path), { code: 'unavailable' });
  }
  await client.json('POST', '/swarm/init', { body: init });
  const body = { Name: 'pw', Labels: { a: 'b' }, Data: btoa('secret') };
  const { ID } = await client.json<{ ID: string }>('POST', '/secrets/create', { body });
  const found = async (filters: object) =>
    (await client.json<{ ID: string }[]>('GET', `/secrets?filters=${encodeURIComponent(JSON.stringify(filters))}`))
      .length;
  assert.deepEqual(
    [
      await found({ name: ['p'] }),
      await found({ names: ['p'] }),
      await found({ label: ['a=b'] }),
      await found({ id: ['-'] }),
    ],
    [1, 0, 1, 0],
  );
  const secret = await client.json<{ Spec: object }>('GET', `/secrets/${ID}`);
  assert.deepEqual(secret.Spec, { Name: 'pw', Labels: { a: 'b' } });
  const config = await client.json<{ ID: string }>('POST', '/configs/create', { body });
  assert.deepEqual((await client.json<{ Spec: object }>('GET', `/configs/${config.ID}`)).Spec, body);
  const failure = await client.text('GET', '/nodes?filters={"role":["x"]}').catch((error: unknown) => error);
  assert.deepEqual([codeOf(failure), messageOf(failure)], ['internal', "Invalid role filter: 'x'"]);
  const [node] = await client.json<{ Spec: object; Status: object; ManagerStatus: object }[]>('GET', '/nodes');
  assert.deepEqual(node?.Spec, { Labels: {}, Role: 'manager', Availability: 'active' });
  assert.deepEqual(node?.ManagerStatus, { Leader: true, Reachability: 'reachable', Addr: '192.0.2.1:2377' });
});
