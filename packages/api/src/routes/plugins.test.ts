import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ServedFake, serveFake } from '../testing/index.ts';

interface Shown {
  readonly Name: string;
  readonly Enabled: boolean;
  readonly PluginReference: string;
}

async function* archive() {
  yield Buffer.from('tar');
}

async function created(name: string): Promise<ServedFake> {
  const fake = await serveFake();
  await fake.client.text('POST', '/plugins/create', { query: { name }, stream: archive() });
  assert.equal(fake.engine.fakePlugins.lastAsked, 3, 'the archive arrives');
  return fake;
}

test('a plugin is made, shown, enabled, disabled and removed by its name with or without a tag', async () => {
  await using fake = await created('a/b');
  const { client, engine } = fake;
  const shown = await client.json<Shown>('GET', '/plugins/a/b/json');
  assert.deepEqual([shown.Name, shown.Enabled, shown.PluginReference], ['a/b:latest', false, 'a/b:latest']);
  await client.text('POST', '/plugins/a/b:latest/enable?timeout=30');
  assert.equal(engine.fakePlugins.lastAsked, 30);
  await assert.rejects(client.text('DELETE', '/plugins/a/b'), { code: 'conflict' });
  await client.text('POST', '/plugins/a/b/disable');
  await client.text('DELETE', '/plugins/a/b?force=1');
  await assert.rejects(client.text('GET', '/plugins/a/b/json'), {
    code: 'not-found',
    message: 'plugin "a/b" not found',
  });
});

test('plugins are listed by whether they run, and by what they can do', async () => {
  await using fake = await created('a/b');
  const count = async (filters: object) =>
    (await fake.client.json<unknown[]>('GET', '/plugins', { query: { filters: JSON.stringify(filters) } })).length;
  assert.equal(await count({}), 1);
  assert.deepEqual([await count({ enabled: ['true'] }), await count({ enabled: ['false'] })], [0, 1]);
  assert.deepEqual([await count({ capability: ['volumedriver'] }), await count({ capability: ['volume'] })], [1, 1]);
  assert.deepEqual([await count({ capability: ['authz'] }), await count({ capability: ['^driver'] })], [0, 0]);
  await assert.rejects(count({ strange: ['x'] }), { code: 'invalid-argument', message: "invalid filter 'strange'" });
});

test('a pull says what the plugin is called, and what was agreed to', async () => {
  await using fake = await serveFake();
  const { client, engine } = fake;
  const agreed = await client.json<unknown[]>('GET', '/plugins/privileges?remote=r/x');
  assert.equal(engine.fakePlugins.lastAsked, 'r/x');
  const answer = await client.open('POST', '/plugins/pull?remote=r/x&name=mine', { body: agreed });
  assert.equal(answer.headers['docker-plugin-name'], 'mine:latest');
  assert.match((await answer.toArray()).join(''), /"status":"Pulling from r\/x"/);
  assert.deepEqual(engine.fakePlugins.lastAsked, agreed);
  for (const body of [null, []]) await client.text('POST', '/plugins/pull?remote=r/x', { body });
  assert.deepEqual(engine.fakePlugins.lastAsked, []);
  await assert.rejects(client.text('POST', '/plugins/pull?remote=r/x', { body: { Name: 'x' } }), {
    code: 'invalid-argument',
  });
});

test('settings are a list, and a plugin is pushed and upgraded under its name', async () => {
  await using fake = await created('a/b');
  const { client, engine } = fake;
  await client.text('POST', '/plugins/a/b/set', { body: ['DEBUG=1'] });
  assert.deepEqual(engine.fakePlugins.lastAsked, ['DEBUG=1']);
  assert.match(await client.text('POST', '/plugins/a/b:latest/push'), /The push refers to repository \[a\/b:latest\]/);
  const upgraded = await client.open('POST', '/plugins/a/b/upgrade?remote=r/x', { body: [] });
  assert.equal(upgraded.headers['docker-plugin-name'], 'a/b:latest');
  await assert.rejects(client.text('POST', '/plugins/a/b/enable'), {
    message: 'strconv.Atoi: parsing "": invalid syntax',
  });
});
