import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { canonicalText, familiarName, familiarText, parseImageReference, withDefaultTag } from './image-reference.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('parseImageReference', () => {
  const table: [text: string, canonical: string, familiar: string][] = [
    ['busybox', 'docker.io/library/busybox', 'busybox'],
    ['busybox:1.36', 'docker.io/library/busybox:1.36', 'busybox:1.36'],
    ['library/busybox', 'docker.io/library/busybox', 'busybox'],
    ['docker.io/busybox', 'docker.io/library/busybox', 'busybox'],
    ['index.docker.io/library/busybox:x', 'docker.io/library/busybox:x', 'busybox:x'],
    ['grafana/loki', 'docker.io/grafana/loki', 'grafana/loki'],
    ['library/a/b', 'docker.io/library/a/b', 'library/a/b'],
    ['quay.io/app', 'quay.io/app', 'quay.io/app'],
    ['localhost/app', 'localhost/app', 'localhost/app'],
    ['localhost:5000/app:v1', 'localhost:5000/app:v1', 'localhost:5000/app:v1'],
    ['MyHost/app', 'MyHost/app', 'MyHost/app'],
    ['[fd00::1]:5000/app', '[fd00::1]:5000/app', '[fd00::1]:5000/app'],
    ['192.0.2.1/a/b/c', '192.0.2.1/a/b/c', '192.0.2.1/a/b/c'],
    [`busybox@${digest}`, `docker.io/library/busybox@${digest}`, `busybox@${digest}`],
    [`host.io/app:v1@${digest}`, `host.io/app:v1@${digest}`, `host.io/app:v1@${digest}`],
    ['a__b.c-d--e', 'docker.io/library/a__b.c-d--e', 'a__b.c-d--e'],
    ['app:5000', 'docker.io/library/app:5000', 'app:5000'],
  ];
  for (const [text, canonical, familiar] of table) {
    it(`reads ${text} as ${canonical}`, () => {
      const reference = parseImageReference(text);
      assert.equal(canonicalText(reference), canonical);
      assert.equal(familiarText(reference), familiar);
      assert.deepEqual(parseImageReference(canonical), reference);
      assert.deepEqual(parseImageReference(familiar), reference);
    });
  }

  const faults: [text: string, message: string][] = [
    ['', 'invalid reference format'],
    [':tag', 'invalid reference format'],
    ['a//b', 'invalid reference format'],
    ['-a', 'invalid reference format'],
    ['a:', 'invalid reference format'],
    ['a b', 'invalid reference format'],
    ['a:-tag', 'invalid reference format'],
    [`a:${'t'.repeat(129)}`, 'invalid reference format'],
    ['a@sha256:123', 'invalid reference format'],
    ['host:port/a', 'invalid reference format'],
    ['Foo', 'invalid reference format: repository name (library/Foo) must be lowercase'],
    ['host.io/Foo:v1', 'invalid reference format: repository name (Foo) must be lowercase'],
    ['f'.repeat(64), `invalid repository name (${'f'.repeat(64)}), cannot specify 64-byte hexadecimal strings`],
    [`host.io/${'a'.repeat(248)}`, 'repository name must not be more than 255 characters'],
    [`a@md9:${'0'.repeat(32)}`, 'unsupported digest algorithm'],
    [`a@sha256:${'0'.repeat(32)}`, 'invalid checksum digest length'],
    [`a@sha256:${'A'.repeat(64)}`, 'invalid checksum digest format'],
  ];
  for (const [text, message] of faults) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))}: ${message.slice(0, 60)}`, () => {
      assert.throws(() => parseImageReference(text), { code: 'invalid-argument', message });
    });
  }

  it('reads back whatever it writes', () => {
    const component = fc.stringMatching(/^[a-z0-9]{1,8}([._-][a-z0-9]{1,8})?$/);
    const path = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    const domain = fc.constantFrom('docker.io', 'localhost', 'host.io:5000', '[::1]:80', '10.0.0.1');
    const tag = fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/), { nil: undefined });
    fc.assert(
      fc.property(domain, path, tag, fc.boolean(), (host, repository, label, pinned) => {
        const text = `${host}/${repository}${label === undefined ? '' : `:${label}`}${pinned ? `@${digest}` : ''}`;
        const reference = parseImageReference(text);
        assert.deepEqual(parseImageReference(canonicalText(reference)), reference);
        assert.deepEqual(parseImageReference(familiarText(reference)), reference);
      }),
    );
  });
});

it('latest is what is meant when nothing is said', () => {
  assert.equal(familiarText(withDefaultTag(parseImageReference('app'))), 'app:latest');
  assert.equal(familiarText(withDefaultTag(parseImageReference('app:v1'))), 'app:v1');
  assert.equal(familiarText(withDefaultTag(parseImageReference(`app@${digest}`))), `app@${digest}`);
  assert.equal(familiarName(parseImageReference('app:v1')), 'app');
});
