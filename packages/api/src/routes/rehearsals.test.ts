import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serveFake } from '../testing/index.ts';

interface Outcome {
  readonly groups: readonly { readonly commands: readonly string[] }[];
}

test('an operation that is rehearsed answers what it would do, and nothing is done', async () => {
  await using fake = await serveFake();
  const ask = async (path: string, body: object) =>
    (await fake.client.json<Outcome>('POST', `/fairlead/dry-run${path}`, { body })).groups.flatMap(
      ({ commands }) => commands,
    );
  const before = fake.engine.networks.list().length;
  assert.deepEqual(await ask('/networks/create', { Name: 'app' }), ['ip link add app type bridge']);
  assert.deepEqual(await ask('/containers/run?name=web', { Image: 'busybox', Cmd: ['true'] }), ['ip netns add web']);
  assert.equal(fake.engine.networks.list().length, before);
  assert.deepEqual(fake.engine.containers.list(), []);
});

test('what happens in the life of a container is rehearsed, its removal too', async () => {
  await using fake = await serveFake();
  await fake.client.json('POST', '/containers/create?name=web', { body: { Image: 'busybox', Cmd: ['true'] } });
  for (const verb of ['start', 'stop', 'restart', 'kill', 'pause', 'unpause']) {
    const { groups } = await fake.client.json<Outcome>('POST', `/fairlead/dry-run/containers/web/${verb}`);
    assert.deepEqual(groups[0]?.commands, [`${verb} web`]);
  }
  const { groups } = await fake.client.json<Outcome>('DELETE', '/fairlead/dry-run/containers/web');
  assert.deepEqual(groups[0]?.commands, ['remove web']);
  assert.equal(fake.engine.containers.list().length, 1);
});

test('what cannot be is refused as the operation would refuse it', async () => {
  await using fake = await serveFake();
  await fake.client.json('POST', '/networks/create', { body: { Name: 'app' } });
  const refusal = async (path: string, body: object) => {
    const said = await fake.client.json('POST', path, { body }).then(
      () => assert.fail(`${path} was not refused`),
      ({ code, message }: { code: string; message: string }) => ({ code, message }),
    );
    return said;
  };
  const pairs: [inEarnest: string, body: object][] = [
    ['/networks/create', { Name: 'app' }],
    ['/networks/create', { Name: 7 }],
    ['/networks/nowhere/connect', { Container: 'web' }],
  ];
  for (const [path, body] of pairs) {
    assert.deepEqual(await refusal(`/fairlead/dry-run${path}`, body), await refusal(path, body));
  }
  const unknown = { Image: 'nowhere' };
  assert.deepEqual(
    await refusal('/fairlead/dry-run/containers/run', unknown),
    await refusal('/containers/create', unknown),
  );
});
