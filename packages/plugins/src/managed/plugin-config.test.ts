import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dockerCapabilities, parseCapability, parsePluginConfig } from './plugin-config.ts';

const sample = {
  description: 'A sample',
  entrypoint: ['/bin/sample', '-v'],
  interface: {
    socket: 'sample.sock',
    types: ['docker.volumedriver/1.0', 'docker.authz/1.0', 'other.thing/2', 'plain'],
  },
  linux: { capabilities: ['CAP_SYS_ADMIN'], devices: [{ name: 'fuse', path: '/dev/fuse' }] },
  env: [{ name: 'DEBUG', settable: ['value'], value: '0' }, { name: 'TOKEN' }],
  args: { name: 'args', settable: ['value'], value: ['a'] },
  mounts: [{ name: 'data', destination: '/data', type: 'bind', options: ['rbind'], source: null }],
  network: { type: 'host' },
  User: { uid: 1000 },
  surprise: { nobody: 'knows' },
};

test('a config is read as Go reads it: names in any case, unknown ones passed over, what nobody says is null', () => {
  const config = parsePluginConfig(JSON.stringify(sample));
  assert.deepEqual(config, {
    Args: { Description: '', Name: 'args', Settable: ['value'], Value: ['a'] },
    Description: 'A sample',
    Documentation: '',
    Entrypoint: ['/bin/sample', '-v'],
    Env: [
      { Description: '', Name: 'DEBUG', Settable: ['value'], Value: '0' },
      { Description: '', Name: 'TOKEN', Settable: null, Value: null },
    ],
    Interface: {
      Socket: 'sample.sock',
      Types: ['docker.volumedriver/1.0', 'docker.authz/1.0', 'other.thing/2', '.plain/'],
    },
    IpcHost: false,
    Linux: {
      AllowAllDevices: false,
      Capabilities: ['CAP_SYS_ADMIN'],
      Devices: [{ Description: '', Name: 'fuse', Path: '/dev/fuse', Settable: null }],
    },
    Mounts: [
      {
        ...{ Description: '', Destination: '/data', Name: 'data', Options: ['rbind'] },
        ...{ Settable: null, Source: null, Type: 'bind' },
      },
    ],
    Network: { Type: 'host' },
    PidHost: false,
    PropagatedMount: '',
    User: { UID: 1000 },
    WorkDir: '',
  });
  assert.deepEqual(Object.keys(config).slice(0, 4), ['Args', 'Description', 'Documentation', 'Entrypoint']);
});

test('an empty config is one, and a whole one comes back as it is', () => {
  const empty = parsePluginConfig('{}');
  assert.deepEqual(
    [empty.Entrypoint, empty.Env, empty.Interface, empty.User],
    [null, null, { Socket: '', Types: null }, {}],
  );
  assert.deepEqual(parsePluginConfig(JSON.stringify(empty)), empty);
  const whole = parsePluginConfig(JSON.stringify({ ...sample, rootfs: { type: 'layers', diff_ids: ['sha256:x'] } }));
  assert.deepEqual(parsePluginConfig(JSON.stringify(whole)), whole);
});

test('what is no config is refused in the words of Go', () => {
  const refusals: readonly [config: string, words: string][] = [
    ['', 'unexpected end of JSON input'],
    ['{"a"', 'unexpected end of JSON input'],
    ['x', "invalid character 'x' looking for beginning of value"],
    ['[]', 'json: cannot unmarshal array into Go value of type PluginConfig'],
    [
      '{"entrypoint": "x"}',
      'json: cannot unmarshal string into Go struct field PluginConfig.Entrypoint of type []string',
    ],
    ['{"pidHost": 1}', 'json: cannot unmarshal number into Go struct field PluginConfig.PidHost of type bool'],
    ['{"network": []}', 'json: cannot unmarshal array into Go struct field PluginConfig.Network of type struct'],
    [
      '{"user": {"uid": -1}}',
      'json: cannot unmarshal number into Go struct field PluginConfig.User.UID of type uint32',
    ],
  ];
  for (const [config, message] of refusals) assert.throws(() => parsePluginConfig(config), { message }, config);
});

test('capabilities are a prefix, a name and a version', () => {
  assert.deepEqual(parseCapability('docker.volumedriver/1.0'), {
    prefix: 'docker',
    capability: 'volumedriver',
    version: '1.0',
  });
  assert.deepEqual(parseCapability('a.b.c/d/e'), { prefix: 'a.b', capability: 'c', version: 'd/e' });
  assert.deepEqual(parseCapability('plain'), { prefix: '', capability: 'plain', version: '' });
  assert.deepEqual(dockerCapabilities(parsePluginConfig(JSON.stringify(sample))), ['volumedriver', 'authz']);
  assert.deepEqual(dockerCapabilities(parsePluginConfig('{}')), []);
});
