import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePluginConfig } from './plugin-config.ts';
import { changeSettings, initialSettings } from './settings.ts';

const config = parsePluginConfig(
  JSON.stringify({
    env: [
      { name: 'DEBUG', settable: ['value'], value: '0' },
      { name: 'TOKEN', settable: ['value'] },
      { name: 'FIXED', value: 'x' },
      { name: 'TWO', settable: ['value', 'other'] },
    ],
    mounts: [
      { name: 'data', settable: ['source'], source: '/a', destination: '/data' },
      { name: 'none', settable: ['source'] },
      { name: 'DEBUG', source: '/b' },
    ],
    linux: {
      devices: [
        { name: 'disk', settable: ['path'], path: '/dev/a' },
        { name: 'no', settable: ['path'] },
      ],
    },
    args: { name: 'args', settable: ['value'], value: ['-a', '-b'] },
  }),
);
const plugin = { config, settings: initialSettings(config) };

test('what is set at first is what the config says', () => {
  assert.deepEqual(plugin.settings.Env, ['DEBUG=0', 'FIXED=x']);
  assert.deepEqual(plugin.settings.Args, ['-a', '-b']);
  assert.deepEqual(initialSettings(parsePluginConfig('{}')), { Args: [], Devices: [], Env: [], Mounts: [] });
});

test('variables, arguments, sources of mounts and paths of devices are set by name', () => {
  const words = ['DEBUG=1', 'TOKEN=a=b', 'TWO.value=', 'args=-c  d', 'data.source=/c', 'disk=/dev/b', 'DEBUG=2'];
  const { config: after, settings } = changeSettings(plugin, words);
  assert.deepEqual(settings.Env, ['DEBUG=2', 'FIXED=x', 'TOKEN=a=b', 'TWO=']);
  assert.deepEqual(settings.Args, ['-c', '', 'd']);
  assert.deepEqual([settings.Mounts[0]?.Source, after.Mounts?.[0]?.Source], ['/c', '/c']);
  assert.deepEqual([settings.Devices[0]?.Path, after.Linux.Devices?.[0]?.Path], ['/dev/b', '/dev/b']);
  assert.deepEqual(plugin.config.Mounts?.[0]?.Source, '/a', 'the plugin that was given is as it was');
});

test('what cannot be set is refused in the words of Docker', () => {
  const refusals: readonly [word: string, words: string][] = [
    ['=x', 'invalid format, must be <name>[.<field>][=<value>]'],
    ['NOBODY=1', 'setting "NOBODY" not found in the plugin configuration'],
    ['FIXED=1', '"FIXED" is not settable'],
    ['FIXED.value=1', '"FIXED.value" is not settable'],
    ['DEBUG.name=1', '"DEBUG.name" is not settable'],
    ['TWO=1', 'multiple fields are settable, one must be specified'],
    ['TWO.other=1', '"TWO.other" is not settable'],
    ['none=/x', 'plugin config has no mount source'],
    ['no=/x', 'plugin config has no device path'],
  ];
  for (const [word, message] of refusals) {
    assert.throws(() => changeSettings(plugin, ['DEBUG=1', word]), { message }, word);
  }
});
