import assert from 'node:assert/strict';
import { test } from 'node:test';
import { empty } from './response.ts';
import { type Method, RouteTable } from './route.ts';

const route = (method: Method, pattern: string) => ({ method, pattern, handle: () => empty(200) });
const table = new RouteTable([
  route('GET', '/images/json'),
  route('GET', '/images/{name*}/json'),
  route('DELETE', '/images/{name*}'),
  route('GET', '/containers/{id}/json'),
]);

test('a path finds its row with or without a version', () => {
  for (const [path, pattern, version, parameters] of [
    ['/images/json', '/images/json', undefined, {}],
    ['/v1.51/images/json', '/images/json', '1.51', {}],
    ['/v1.24/containers/web/json', '/containers/{id}/json', '1.24', { id: 'web' }],
  ] as const) {
    const match = table.match('GET', path);
    assert.equal(match?.route.pattern, pattern);
    assert.equal(match.version, version);
    assert.deepEqual({ ...match.parameters }, parameters);
  }
});

test('names of images may contain slashes, colons and digests', () => {
  for (const name of ['busybox', 'localhost:5000/a/b:tag', 'a/json/json', 'x@sha256:0123']) {
    assert.equal(table.match('GET', `/v1.43/images/${name}/json`)?.parameters['name'], name);
    assert.equal(table.match('DELETE', `/images/${name}`)?.parameters['name'], name);
  }
});

test('what is in no row is not found', () => {
  for (const [method, path] of [
    ['GET', '/containers/a/b/json'],
    ['POST', '/images/json'],
    ['GET', '/images/json/'],
    ['GET', '/vx/images/json'],
    ['GET', '/v1.51'],
  ] as const) {
    assert.equal(table.match(method, path), undefined, `${method} ${path}`);
  }
});
