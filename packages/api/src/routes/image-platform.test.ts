import assert from 'node:assert/strict';
import { test } from 'node:test';
import { raw } from '../testing/requests.ts';
import { serveFake } from '../testing/serve-fake.ts';

const own = '{"os":"linux","architecture":"amd64"}';
const other = '{"os":"linux","architecture":"arm64","variant":"v8"}';
const mismatch =
  'image with reference NAME was found but its platform (linux/amd64) does not match the specified platform (linux/arm64/v8)';

/** Request with a platform, the version that begins to hear it, the name in the message. */
const asking: readonly [method: string, path: string, since: number, name: string][] = [
  ['GET', '/images/busybox/json', 49, 'busybox'],
  ['GET', '/images/busybox/history', 48, 'busybox'],
  ['GET', '/images/busybox/get', 48, 'busybox'],
  ['GET', '/images/get?names=busybox', 48, 'busybox'],
  ['POST', '/images/busybox/push?tag=latest', 46, 'busybox:latest'],
];

for (const [method, path, since, name] of asking) {
  test(`${method} ${path} is for the platform that is asked for, from 1.${since} on`, async () => {
    await using fake = await serveFake();
    fake.engine.images.add('busybox:latest');
    const ask = (platform: string, version = 51) => {
      const query = `${path}${path.includes('?') ? '&' : '?'}platform=${encodeURIComponent(platform)}`;
      const headers = 'Host: x\r\nConnection: close\r\nX-Registry-Auth: e30=\r\nContent-Length: 0';
      return raw(fake, `${method} /v1.${version}${query} HTTP/1.1\r\n${headers}\r\n\r\n`);
    };
    assert.match(await ask(own), /^HTTP\/1.1 200 /);
    assert.match(await ask(other, since - 1), /^HTTP\/1.1 200 /);
    const answer = await ask(other, since);
    assert.match(answer, /^HTTP\/1.1 404 /);
    assert.ok(answer.includes(JSON.stringify({ message: mismatch.replace('NAME', name) })), answer);
    assert.match(await ask('{"os":"linux"}'), /400 .*both OS and Architecture must be provided/s);
    for (const broken of ['linux/amd64', '[1]']) assert.match(await ask(broken), /400 .*failed to parse platform/s);
  });
}

test('what is loaded is limited to a platform from 1.48 on, and to one alone', async () => {
  await using fake = await serveFake();
  const load = (query: string, version = 51) =>
    raw(
      fake,
      `POST /v1.${version}/images/load?${query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    );
  const [asked, twice] = [other, own].map((text) => `platform=${encodeURIComponent(text)}`);
  assert.match(await load(`${asked}`), /^HTTP\/1.1 200 /);
  assert.equal(fake.engine.images.lastPlatform, 'linux/arm64/v8');
  for (const [query, version] of [
    ['', 51],
    ['platform=', 51],
    [`${asked}&${twice}`, 47],
  ] as const) {
    assert.match(await load(query, version), /^HTTP\/1.1 200 /);
    assert.equal(fake.engine.images.lastPlatform, undefined, query);
  }
  assert.match(await load(`${asked}&${twice}`), /400 .*"multiple platform parameters not supported"/s);
  assert.match(await load('platform={"variant":"v8"}'), /400 .*optional platform fields provided, but OS and Arch/s);
  assert.match(await load('platform={"os":"linux"}'), /400 .*both OS and Architecture must be provided/s);
});
