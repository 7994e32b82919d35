import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Options } from '../command/options.ts';
import { askedPlatform } from './platform.ts';

const asked: readonly [text: string, platform: object][] = [
  ['linux/amd64', { os: 'linux', architecture: 'amd64' }],
  ['linux/arm64/v8', { os: 'linux', architecture: 'arm64', variant: 'v8' }],
];

for (const [text, platform] of asked) {
  test(`--platform ${text} is what the API understands`, () => {
    assert.deepEqual(JSON.parse(askedPlatform(new Options(new Map([['platform', text]]))) ?? ''), platform);
  });
}

test('nothing is said of a platform where none was asked for, and what is none is refused', () => {
  assert.equal(askedPlatform(new Options(new Map())), undefined);
  for (const text of ['linux', '', 'linux/', 'linux/a/b/c']) {
    assert.throws(() => askedPlatform(new Options(new Map([['platform', text]]))), {
      message: `invalid argument "${text}" for "--platform" flag: it is not like linux/amd64 or linux/arm64/v8`,
    });
  }
});
