import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleContainer } from '../testing/sample-container.ts';
import { settledFields, settledHost } from './container-defaults.ts';

const log = { type: 'json-file', options: {} };
const files = (soft: number) => ({ name: 'nofile', soft, hard: 2048 });
const defaults = {
  init: true,
  noNewPrivileges: true,
  shmSize: 1024,
  ulimits: [files(1), { ...files(2), name: 'core' }],
  ipcMode: 'shareable' as const,
  cgroupNamespace: 'private' as const,
};

test('what a container does not say is as the operator wants it', () => {
  const { host } = sampleContainer().config;
  const { init, securityOptions, shmSize, ulimits } = settledHost(host, { log, containerDefaults: defaults });
  assert.deepEqual([init, securityOptions, shmSize], [true, ['no-new-privileges'], 1024]);
  assert.deepEqual(ulimits, defaults.ulimits);
  assert.equal(settledHost(host, { log, containerDefaults: defaults }).ipcMode, 'shareable');
  assert.deepEqual(settledHost(host, { log }), { ...host, ipcMode: 'private', logConfig: log });
});

test('what a container says goes before it', () => {
  const said = { init: false, securityOptions: ['no-new-privileges=false'], shmSize: 7, ulimits: [files(9)] };
  const { init, securityOptions, shmSize, ulimits } = settledHost(sampleContainer({ host: said }).config.host, {
    log,
    containerDefaults: defaults,
  });
  assert.deepEqual([init, securityOptions, shmSize], [false, ['no-new-privileges=false'], 7]);
  assert.deepEqual(ulimits, [files(9), { ...files(2), name: 'core' }]);
});

test('the view of control groups is the operator’s, but for what is said, and for privileged ones with version 1', () => {
  const modeOf = (said: string | undefined, privileged: boolean, unified: boolean, wanted?: 'private' | 'host') => {
    const other = { config: {}, host: said === undefined ? {} : { CgroupnsMode: said } };
    const { config } = sampleContainer({ host: { privileged }, config: { other } });
    return settledFields(config, unified, { ...defaults, cgroupNamespace: wanted }).host['CgroupnsMode'];
  };
  assert.deepEqual(
    [
      modeOf(undefined, false, false, 'private'),
      modeOf('', false, true, 'host'),
      modeOf('host', false, true, 'private'),
    ],
    ['private', 'host', 'host'],
  );
  assert.deepEqual(
    [modeOf(undefined, true, false, 'private'), modeOf(undefined, true, true, 'private')],
    ['host', 'private'],
  );
  assert.equal(modeOf(undefined, false, false), undefined);
});
