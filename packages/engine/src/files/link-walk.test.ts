import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followLinks } from './link-walk.ts';

const links = new Map([
  ['/lib', 'usr/lib'],
  ['/usr/lib/current', '../share/v2'],
  ['/absolute', '/usr/share'],
  ['/out', '../../../../etc'],
  ['/loop', 'loop'],
  ['/broken', '/no/such/place'],
]);

test('links are followed within the root, as far as there is something', () => {
  for (const [path, target] of [
    ['/etc/hosts', '/etc/hosts'],
    ['/lib/x', '/usr/lib/x'],
    ['/lib/current/file', '/usr/share/v2/file'],
    ['/absolute/doc/', '/usr/share/doc'],
    ['/lib/..', '/usr'],
    ['/out/passwd', '/etc/passwd'],
    ['/broken/x', '/no/such/place/x'],
    ['/loop', '/loop'],
    ['/', '/'],
  ] as const) {
    assert.equal(
      followLinks(path, (link) => links.get(link)),
      target,
      path,
    );
  }
});
