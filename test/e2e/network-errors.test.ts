import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { LifeRig } from './life-rig.ts';
import { networkRefusals } from './network-refusals.ts';

/** What clients compare word for word: status and message of everything about networks that cannot be. */

interface Answer {
  readonly status: number | undefined;
  readonly message: string;
}

let rig: LifeRig;
/** Ids of networks and containers by their names. */
const ids = new Map<string, string>();

async function ask(method: string, path: string, body?: unknown): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const headers = { 'Content-Type': 'application/json' };
  const socketPath = rig.daemon.socketPath;
  const asked = request({ socketPath, method, path, headers }, async (response) => {
    const text = (await response.toArray()).join('');
    const wire: unknown = text === '' ? {} : JSON.parse(text);
    const message = typeof wire === 'object' && wire !== null && 'message' in wire ? String(wire.message) : '';
    resolve({ status: response.statusCode, message });
  });
  asked.on('error', reject);
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  return await promise;
}

/** `{NAME}` in a text stands for an id. */
function withIds(text: string): string {
  return text.replaceAll(/\{([a-z][a-z0-9-]*)(:12)?\}/g, (_, name: string, short) => {
    const id = ids.get(name) ?? assert.fail(`no ${name}`);
    return short === undefined ? id : id.slice(0, 12);
  });
}

before(async () => {
  rig = await LifeRig.start();
  const network = async (body: { readonly Name: string } & Record<string, unknown>) => {
    ids.set(body.Name, (await rig.api.json<{ Id: string }>('POST', '/networks/create', { body })).Id);
  };
  await network({
    Name: 'app',
    IPAM: { Config: [{ Subnet: '10.40.0.0/24' }] },
    Options: { 'com.docker.network.bridge.name': 'app0' },
  });
  await network({ Name: 'tiny', IPAM: { Config: [{ Subnet: '10.40.1.0/30' }] } });
  await network({ Name: 'shape', ConfigOnly: true });
  await network({ Name: 'shaped', ConfigFrom: { Network: 'shape' } });
  const sleep = ['sleep', '1000'];
  const on = (NetworkMode: string) => ({ HostConfig: { NetworkMode } });
  const run = async (name: string, body: object) => void ids.set(name, await rig.run(name, sleep, { ...body }));
  const create = async (name: string, body: object) => void ids.set(name, await rig.create(name, sleep, { ...body }));
  await run('web', on('app'));
  await run('full', on('tiny'));
  await run('lone', on('none'));
  await run('hosted', on('host'));
  await run('joiner', on('container:web'));
  await create('idle', on('app'));
  await create('late', on('nowhere'));
  await create('shaping', on('shape'));
  await create('orphan', on('container:idle'));
  await create('crowded', on('tiny'));
  const endpoint = await rig.api.json<{ NetworkSettings: { Networks: Record<string, { EndpointID: string }> } }>(
    'GET',
    '/containers/web/json',
  );
  ids.set('endpoint', endpoint.NetworkSettings.Networks['app']?.EndpointID ?? '');
});
after(() => rig[Symbol.asyncDispose]());

for (const [[method, path, body], status, expected] of networkRefusals) {
  const shown = body === undefined ? '' : ` ${JSON.stringify(body)}`;
  test(`${status} for ${method} ${path}${shown}`, async () => {
    const answer = await ask(method, path, body);
    if (typeof expected === 'string') assert.deepEqual(answer, { status, message: withIds(expected) });
    else {
      assert.equal(answer.status, status, answer.message);
      assert.match(answer.message, new RegExp(withIds(expected.source)));
    }
  });
}

test('nothing of all this has made a network or moved a container', async () => {
  const networks = await rig.api.json<{ Name: string }[]>('GET', '/networks');
  assert.deepEqual(networks.map(({ Name }) => Name).sort(), [
    'app',
    'bridge',
    'host',
    'none',
    'shape',
    'shaped',
    'tiny',
  ]);
  const { NetworkSettings } = await rig.inspect('web');
  assert.deepEqual(Object.keys(NetworkSettings.Networks), ['app']);
});
