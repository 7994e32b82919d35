import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePluginConfig } from './plugin-config.ts';
import { privilegesOf, requirePrivileges } from './privileges.ts';

const config = (fields: object) => parsePluginConfig(JSON.stringify(fields));

test('a plugin that asks for nothing needs nothing', () => {
  for (const type of ['', 'null', 'bridge']) assert.deepEqual(privilegesOf(config({ network: { type } })), []);
  const unset = { mounts: [{ name: 'a' }], linux: { devices: [{ name: 'b' }], capabilities: [] } };
  assert.deepEqual(privilegesOf(config(unset)), []);
});

test('everything beyond that is named, in the order of Docker', () => {
  const all = config({
    network: { type: 'host' },
    ipcHost: true,
    pidHost: true,
    mounts: [{ source: '/var' }, { source: '' }],
    linux: { devices: [{ path: '/dev/fuse' }], allowAllDevices: true, capabilities: ['CAP_SYS_ADMIN', 'CAP_BPF'] },
  });
  assert.deepEqual(
    privilegesOf(all).map(({ Name, Value }) => [Name, ...Value]),
    [
      ['network', 'host'],
      ['host ipc namespace', 'true'],
      ['host pid namespace', 'true'],
      ['mount', '/var'],
      ['mount', ''],
      ['device', '/dev/fuse'],
      ['allow-all-devices', 'true'],
      ['capabilities', 'CAP_SYS_ADMIN', 'CAP_BPF'],
    ],
  );
});

test('what was agreed to has to be what is asked for, in any order', () => {
  const asking = config({ network: { type: 'host' }, linux: { capabilities: ['A', 'B'] } });
  const given = (...list: [string, ...string[]][]) =>
    list.map(([Name, ...Value]) => ({ Name, Value, Description: '' }));
  requirePrivileges(asking, given(['capabilities', 'B', 'A'], ['network', 'host']));
  const wrong = [
    given(),
    given(['network', 'host']),
    given(['network', 'none'], ['capabilities', 'A', 'B']),
    given(['network', 'host'], ['capabilities', 'A']),
    given(['network', 'host'], ['capabilities', 'A', 'B'], ['mount', '/']),
  ];
  for (const list of wrong) assert.throws(() => requirePrivileges(asking, list), { message: 'incorrect privileges' });
});
