import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleConfig, sampleImage } from '../testing/sample-container.ts';
import type { ContainerConfig } from './container-config.ts';
import { imagePorts, makeContainer } from './container-factory.ts';

const image = sampleImage({
  Entrypoint: ['/entry', '-x'],
  Cmd: ['serve'],
  Env: ['PATH=/bin', 'A=1'],
  User: 'app',
  WorkingDir: '/srv',
  Labels: { color: 'red', size: 'big' },
  StopSignal: 'SIGQUIT',
  ExposedPorts: { '80/tcp': {}, '53/udp': {} },
});
const make = (config: Partial<ContainerConfig>, from = image) => {
  return makeContainer('web', sampleConfig({ command: null, ...config }), from);
};

test('what runs is put together from request and image as Docker does', () => {
  const cases: [title: string, ContainerConfig['entrypoint'], ContainerConfig['command'], words: string[]][] = [
    ['nothing asked for', null, null, ['/entry', '-x', 'serve']],
    ['a command', null, ['other', '1'], ['/entry', '-x', 'other', '1']],
    ['an empty command', null, [], ['/entry', '-x', 'serve']],
    ['an entrypoint', ['sh'], null, ['sh']],
    ['both', ['sh', '-c'], ['ls'], ['sh', '-c', 'ls']],
    ['the entrypoint "" and a command', [''], ['ls'], ['ls']],
    ['no entrypoint', [], null, ['serve']],
    ['no entrypoint and a command', [], ['ls'], ['ls']],
  ];
  for (const [title, entrypoint, command, words] of cases) {
    const { path, args } = make({ entrypoint, command });
    assert.deepEqual([path, ...args], words, title);
  }
});

test('a container that has nothing to run is refused', () => {
  const refusal = { code: 'invalid-argument', message: 'no command specified' };
  assert.throws(() => make({ entrypoint: [''] }), refusal);
  assert.throws(() => make({}, sampleImage()), refusal);
  assert.throws(() => make({ command: [''] }, sampleImage()), refusal);
});

test('the request wins over the image, which fills in what was not asked for', () => {
  const plain = make({});
  assert.deepEqual([plain.user, plain.workingDir, plain.config.stopSignal], ['app', '/srv', 'SIGQUIT']);
  assert.deepEqual(plain.env, ['PATH=/bin', 'A=1']);
  const own = make({ user: '7', workingDir: '/w', stopSignal: 'INT', env: ['A=2'], labels: { color: 'blue' } });
  assert.deepEqual([own.user, own.workingDir, own.config.stopSignal], ['7', '/w', 'INT']);
  assert.deepEqual(own.env, ['A=2', 'PATH=/bin']);
  assert.deepEqual(own.config.labels, { color: 'blue', size: 'big' });
});

test('an image whose configuration is odd or empty gives nothing', () => {
  const odd = sampleImage({ Entrypoint: null, Cmd: ['x'], Env: 'A=1', User: 5, Labels: ['a'], ExposedPorts: null });
  const { path, args, env, user, config } = make({}, odd);
  assert.deepEqual([path, args, env, user, config.labels], ['x', [], [], '', {}]);
  assert.deepEqual([imagePorts(odd), imagePorts(undefined), imagePorts(image)], [[], [], ['80/tcp', '53/udp']]);
});

test('a container is new: it was never started and has an id of its own', () => {
  const [one, two] = [make({}), make({})];
  assert.match(one.id, /^[0-9a-f]{64}$/);
  assert.notEqual(one.id, two.id);
  assert.deepEqual([one.state.status, one.state.startedAt, one.state.finishedAt], ['created', undefined, undefined]);
});

test('the networks are those asked for, the mode’s own among them', () => {
  const attached = (networkMode: string, ...asked: string[]) => {
    const networks = asked.map((network) => ({ network, config: { aliases: [network] } }));
    const config = sampleConfig({ networks }, { networkMode });
    return makeContainer('web', config, image).config.networks.map(({ network, config: { aliases } }) => [
      network,
      aliases,
    ]);
  };
  assert.deepEqual(attached('app', 'app', 'db'), [
    ['app', ['app']],
    ['db', ['db']],
  ]);
  assert.deepEqual(attached('app', 'db'), [
    ['app', undefined],
    ['db', ['db']],
  ]);
  assert.deepEqual(attached('default', 'default'), [['bridge', ['default']]]);
  assert.deepEqual(attached(''), [['bridge', undefined]]);
  assert.deepEqual(attached('none'), [['none', undefined]]);
  assert.deepEqual(attached('container:x', 'app'), []);
  const disabled = makeContainer('web', sampleConfig({ networkDisabled: true }), image);
  assert.deepEqual(disabled.config.networks, []);
});
