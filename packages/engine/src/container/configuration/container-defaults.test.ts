import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleContainer } from '../testing/sample-container.ts';
import { settledHost } from './container-defaults.ts';

const log = { type: 'json-file', options: {} };
const files = (soft: number) => ({ name: 'nofile', soft, hard: 2048 });
const defaults = {
  init: true,
  noNewPrivileges: true,
  shmSize: 1024,
  ulimits: [files(1), { ...files(2), name: 'core' }],
};

test('what a container does not say is as the operator wants it', () => {
  const { host } = sampleContainer().config;
  const { init, securityOptions, shmSize, ulimits } = settledHost(host, { log, containerDefaults: defaults });
  assert.deepEqual([init, securityOptions, shmSize], [true, ['no-new-privileges'], 1024]);
  assert.deepEqual(ulimits, defaults.ulimits);
  assert.deepEqual(settledHost(host, { log }), { ...host, logConfig: log });
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
