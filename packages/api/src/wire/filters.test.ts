import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Filters } from './filters.ts';

const keys = ['name', 'label', 'label!', 'dangling', 'until', 'type'];
const parse = (value: unknown): Filters => Filters.parse(JSON.stringify(value), keys);

test('both forms of the parameter are read', () => {
  assert.deepEqual(parse({ name: ['a', 'b'] }).values('name'), ['a', 'b']);
  assert.deepEqual(parse({ name: { a: true, b: false } }).values('name'), ['a', 'b']);
  assert.deepEqual(parse({ name: null }).values('name'), []);
  assert.deepEqual(parse(null).values('name'), []);
  assert.deepEqual(Filters.parse(undefined, keys).values('name'), []);
});

test('values of one key are alternatives, a key that was not given matches all', async () => {
  const filters = await parse({ name: ['web', '^db[0-9]$'] }).withExpressions('name');
  assert.equal(filters.match('name', 'my-web-1'), true);
  assert.equal(filters.match('name', 'db1'), true);
  assert.equal(filters.match('name', 'db10'), false);
  assert.equal(filters.match('type', 'anything'), true);
  assert.equal(filters.exact('name', 'my-web'), false);
});

test('an expression is read as Docker reads it, and what is none matches nothing else', async () => {
  const matches = async (value: string, text: string) =>
    (await parse({ name: [value] }).withExpressions('name')).match('name', text);
  assert.equal(await matches('web|db', 'db'), true);
  assert.equal(await matches('(?i)WEB', 'web'), true);
  assert.equal(await matches('a.b', 'a_b'), true);
  assert.equal(await matches('[', 'x'), false);
  assert.equal(await matches('(a+)+$', `${'a'.repeat(20_000)}!`), false);
});

test('labels must all be there', () => {
  const labels = { app: 'web', url: 'a=b' };
  for (const [wanted, expected] of [
    [['app'], true],
    [['app=web', 'url=a=b'], true],
    [['app=web', 'url=a'], false],
    [['app=db'], false],
    [['toString'], false],
  ] as const) {
    assert.equal(parse({ label: wanted }).labels(labels), expected, wanted.join());
  }
  assert.equal(parse({ 'label!': ['app'] }).labels(labels), false);
  assert.equal(parse({ 'label!': ['app=db'] }).labels(labels), true);
});

test('flags are read as Docker reads them', () => {
  assert.equal(parse({}).boolean('dangling'), undefined);
  assert.equal(parse({ dangling: ['1'] }).boolean('dangling'), true);
  assert.equal(parse({ dangling: ['false'] }).boolean('dangling'), false);
});

test('filters that are none are refused in the words of Docker', () => {
  const refused = (action: () => unknown, message: string): void =>
    assert.throws(action, { code: 'invalid-argument', message });
  refused(() => parse({ x: ['1'] }), "invalid filter 'x'");
  refused(() => parse({ type: ['a'] }).requireOneOf('type', ['builtin']), "invalid filter: 'type'='a'");
  refused(
    () => parse({ dangling: ['1', '0'] }).boolean('dangling'),
    'got more than one value for filter key "dangling"',
  );
  refused(
    () => parse({ dangling: ['yes'] }).boolean('dangling'),
    `invalid value for filter 'dangling', must be "true" (or "1"), or "false" (or "0")`,
  );
  refused(() => parse({ until: ['1h', '2h'] }).until(), 'more than one until filter specified');
  refused(() => parse({ until: ['1d'] }).until(), 'failed to parse value as time or duration: "1d"');
  refused(() => parse({ name: { a: 1 } }), 'invalid filter');
  refused(() => Filters.parse('{', keys), 'invalid filter: unexpected EOF');
  refused(() => Filters.parse('[]', keys), 'invalid filter');
});
