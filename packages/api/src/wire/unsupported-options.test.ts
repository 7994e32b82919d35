import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Image, Json } from '@fairlead/engine';
import { parseCreate } from './container-create.ts';
import { requirePlatform, requireSupported } from './unsupported-options.ts';

const config = (host: Json) => parseCreate({ Image: 'x', HostConfig: host }, 51);

test('what would change the container and cannot be done is refused', () => {
  const cases: readonly (readonly [Json, RegExp])[] = [
    [{ Runtime: 'runsc' }, /unknown or invalid runtime name: runsc/],
    [{ DeviceRequests: [{ Count: -1, Capabilities: [['gpu']] }] }, /device driver "" with capabilities: \[\[gpu\]\]/],
  ];
  for (const [host, text] of cases) assert.throws(() => requireSupported(config(host), 'runc'), text);
  for (const host of [{}, { Runtime: 'crun' }, { DeviceRequests: [], VolumesFrom: ['other'] }]) {
    requireSupported(config(host), 'crun');
  }
});

test('an image of another platform is as good as none', () => {
  const image: Image = {
    id: 'sha256:0',
    tags: [],
    digests: [],
    created: 0,
    size: 0,
    layers: [],
    layerSizes: [],
    architecture: 'amd64',
    os: 'linux',
    config: {},
  };
  for (const platform of ['linux/amd64', 'linux', 'amd64', 'linux/x86_64', 'LINUX/AMD64']) {
    requirePlatform(image, 'busybox', platform);
  }
  for (const platform of ['linux/arm64/v8', 'arm64', 'windows/amd64']) {
    assert.throws(() => requirePlatform(image, 'busybox', platform), /was found but its platform \(linux\/amd64\)/);
  }
});
