import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ServedFake, serveFake } from '../testing/index.ts';

/** The page as a browser opens it: the folder that everything else is below. */
async function openPage(fake: ServedFake): Promise<string> {
  const { address } = await fake.client.json<{ address: string }>('POST', '/fairlead/map/listener');
  const answer = await fetch(address, { redirect: 'manual' });
  assert.equal(answer.status, 303);
  return new URL(answer.headers.get('location') ?? '', address).href;
}

test('the map is one value, each thing of it has a kernel view, and the doctor is asked', async () => {
  await using fake = await serveFake();
  const view = await fake.client.json<{ schema: string }>('GET', '/fairlead/map');
  assert.equal(view.schema, 'fairlead.map/1');
  assert.equal((await fake.client.json<{ title: string }>('GET', '/fairlead/map/object/host')).title, 'host fake');
  await assert.rejects(fake.client.json('GET', '/fairlead/map/object/tile%3Aapp%2Fweb'), {
    code: 'not-found',
    message: 'nothing on the map is called tile:app/web',
  });
  assert.deepEqual(await fake.client.json('POST', '/fairlead/map/examination'), []);
});

test('events are sent to a browser as they happen', async () => {
  await using fake = await serveFake();
  const page = await openPage(fake);
  const answer = await fetch(`${page}events`);
  assert.equal(answer.headers.get('content-type'), 'text/event-stream');
  fake.engine.mapEvents.push({ type: 'rates', rates: { 'tile:a\nb': [1, 2, 0] } });
  const { value } = (await answer.body?.getReader().read()) ?? {};
  assert.equal(Buffer.from(value ?? []).toString(), 'data: {"type":"rates","rates":{"tile:a\\nb":[1,2,0]}}\n\n');
});

test('the page is served with its types stripped, and may run nothing but its own files', async () => {
  await using fake = await serveFake();
  const page = await openPage(fake);
  const html = await fetch(page);
  assert.match(html.headers.get('content-type') ?? '', /^text\/html/);
  assert.match(
    html.headers.get('content-security-policy') ?? '',
    /^default-src 'none'; script-src 'self'; style-src 'self'/,
  );
  assert.equal(html.headers.get('referrer-policy'), 'no-referrer');
  assert.equal(html.headers.get('access-control-allow-origin'), null);
  assert.doesNotMatch(
    await html.text(),
    /<script(?![^>]* src=)|<style| style=| on\w+=|https?:/,
    'nothing inline, nothing of others',
  );
  const script = await fetch(`${page}page/main.ts`);
  assert.match(script.headers.get('content-type') ?? '', /^text\/javascript/);
  assert.doesNotMatch(await script.text(), /import type/);
  assert.equal((await fetch(`${page}src/model/delta.ts`)).status, 200);
});

test('nothing but the page’s own files is served', async () => {
  await using fake = await serveFake();
  const page = await openPage(fake);
  for (const path of ['package.json', 'page/layout.test.ts', 'src/live-map.ts', 'page/', 'x']) {
    assert.equal((await fetch(`${page}${path}`)).status, 404, path);
  }
  const upwards = await fetch(`${page}page/..%2fpackage.json`, { redirect: 'manual' });
  assert.deepEqual([upwards.status, upwards.headers.get('location')], [301, '/fairlead/map/package.json']);
});

test('a browser can look and trace, and nothing else', async () => {
  await using fake = await serveFake();
  const page = await openPage(fake);
  const base = page.slice(0, -'/fairlead/map/'.length);
  const denied: [string, string][] = [
    ['GET', '/containers/json'],
    ['GET', '/fairlead/status'],
    ['POST', '/fairlead/traces'],
    ['POST', '/fairlead/map/listener'],
    ['POST', '/containers/create'],
  ];
  for (const [method, path] of denied) assert.equal((await fetch(`${base}${path}`, { method })).status, 404, path);
  const body = JSON.stringify({ from: 'web', to: 'db', apply: 1 });
  const trace = await fetch(`${page}traces`, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } });
  assert.deepEqual(await trace.json(), { message: 'a fake engine has no packets to send from web to db' });
});

test('without the key, or by another name, nobody gets in', async () => {
  await using fake = await serveFake();
  const page = await openPage(fake);
  const { origin } = new URL(page);
  assert.equal((await fetch(`${origin}/fairlead/map/`)).status, 403);
  assert.equal((await fetch(page, { headers: { Origin: 'http://evil.example' } })).status, 403);
  assert.equal((await fetch(page)).status, 200);
});

test('two who ask at a time get two invitations to one page', async () => {
  await using fake = await serveFake();
  const ask = () => fake.client.json<{ address: string }>('POST', '/fairlead/map/listener');
  const [one, two] = await Promise.all([ask(), ask()]);
  assert.notEqual(one.address, two.address);
  assert.equal(new URL(one.address).port, new URL(two.address).port);
});
