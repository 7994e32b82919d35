import assert from 'node:assert/strict';
import { test } from 'node:test';
import { empty, movedTo } from './response.ts';
import { cleanPath, type Method, RouteTable } from './route.ts';

const route = (method: Method, pattern: string) => ({ method, pattern, handle: () => empty(200) });
const table = new RouteTable([
  route('GET', '/images/json'),
  route('GET', '/images/{name*}/json'),
  route('DELETE', '/images/{name*}'),
  route('GET', '/containers/{id}/json'),
]);

test('a path finds its row with or without a version', async () => {
  for (const [path, pattern, version, parameters] of [
    ['/images/json', '/images/json', undefined, {}],
    ['/v1.51/images/json', '/images/json', '1.51', {}],
    ['/v1.24/containers/web/json', '/containers/{id}/json', '1.24', { id: 'web' }],
  ] as const) {
    const match = await table.match('GET', path);
    assert.equal(match?.route.pattern, pattern);
    assert.equal(match.version, version);
    assert.deepEqual({ ...match.parameters }, parameters);
  }
});

test('names of images may contain slashes, colons and digests', async () => {
  for (const name of ['busybox', 'localhost:5000/a/b:tag', 'a/json/json', 'x@sha256:0123']) {
    assert.equal((await table.match('GET', `/v1.43/images/${name}/json`))?.parameters['name'], name);
    assert.equal((await table.match('DELETE', `/images/${name}`))?.parameters['name'], name);
  }
});

test('what is in no row is not found', async () => {
  for (const [method, path] of [
    ['GET', '/containers/a/b/json'],
    ['POST', '/images/json'],
    ['GET', '/images/json/'],
    ['GET', '/vx/images/json'],
    ['GET', '/v1.51'],
  ] as const) {
    assert.equal(await table.match(method, path), undefined, `${method} ${path}`);
  }
});

test('a group is loaded with the first request below its path, once, and its rows stand at its place', async () => {
  let loads = 0;
  const group = {
    below: '/images',
    load: () => {
      loads += 1;
      return Promise.resolve([route('GET', '/images/json'), route('GET', '/images/{name*}')]);
    },
  };
  const grouped = new RouteTable([group, route('GET', '/{any*}')]);
  assert.equal((await grouped.match('GET', '/imagesque'))?.route.pattern, '/{any*}');
  assert.equal(loads, 0);
  assert.equal((await grouped.match('GET', '/v1.51/images/json'))?.route.pattern, '/images/json');
  assert.equal((await grouped.match('GET', '/images'))?.route.pattern, '/{any*}');
  assert.equal((await grouped.match('GET', '/images/a/b'))?.route.pattern, '/images/{name*}');
  assert.equal(loads, 1);
});

test('only rows that say so may be hijacked, and no module is loaded to know it', () => {
  const attach = { ...route('POST', '/containers/{id}/attach'), hijack: true } as const;
  const group = {
    below: '/exec',
    hijacked: [{ method: 'POST', pattern: '/exec/{id}/start' }] as const,
    load: () => Promise.reject(new Error('not to be loaded')),
  };
  const mixed = new RouteTable([group, attach, route('POST', '/containers/{id}/start')]);
  for (const [path, expected] of [
    ['/v1.51/containers/web/attach', true],
    ['/v1.51/exec/0123/start', true],
    ['/containers/web/start', false],
    ['/exec/0123/resize', false],
  ] as const) {
    assert.equal(mixed.mayHijack('POST', path), expected, path);
    assert.equal(mixed.mayHijack('GET', path), false, path);
  }
});

test('a path with empty steps and dots has a clean one', () => {
  for (const [path, clean] of [
    ['/containers/json', '/containers/json'],
    ['/networks/', '/networks/'],
    ['/containers/a.b/..c/json', '/containers/a.b/..c/json'],
    ['/v1.51/containers//web/json', '/v1.51/containers/web/json'],
    ['//v1.51///info', '/v1.51/info'],
    ['/containers/./../images//json', '/images/json'],
    ['/containers/..', '/'],
    ['/../..', '/'],
    ['//', '/'],
    ['/networks//', '/networks/'],
  ] as const) {
    assert.equal(cleanPath(path), clean);
  }
});

test('the way to another path keeps the query, and is encoded', () => {
  const { status, headers } = movedTo('/images/a b?#é/json', '?size=1');
  assert.deepEqual([status, headers], [301, { Location: '/images/a%20b%3F%23%C3%A9/json?size=1' }]);
});
