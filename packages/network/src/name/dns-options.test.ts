import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changedRecords, dnsService, parseRecord, recordText, writtenRecords } from './dns-options.ts';

const good: readonly [text: string, canonical: string][] = [
  ['db.internal A 10.0.0.5', 'db.internal A 10.0.0.5'],
  ['  DB.Internal.   a  10.0.0.5 ', 'db.internal A 10.0.0.5'],
  ['db AAAA fd00:0::5', 'db AAAA fd00::5'],
  ['*.app.internal CNAME Web.', '*.app.internal CNAME web'],
  ['_http._tcp.web SRV 0 5 80 web', '_http._tcp.web SRV 0 5 80 web'],
  ['note TXT plain "two words" "a \\"quote\\" \\\\"', 'note TXT "plain" "two words" "a \\"quote\\" \\\\"'],
];

for (const [text, canonical] of good) {
  test(`${text.trim()} is a record`, () => {
    const record = parseRecord(text);
    assert.equal(recordText(record), canonical);
    assert.deepEqual(parseRecord(canonical), record);
  });
}

const bad: readonly [text: string, reason: RegExp][] = [
  ['', /not a name/],
  ['web', /NAME TYPE DATA/],
  ['web MX 5 mail', /NAME TYPE DATA/],
  ['web A', /A needs an address/],
  ['web A fd00::1', /A needs an address/],
  ['web AAAA 10.0.0.1', /AAAA needs an address/],
  ['web A 10.0.0.1 10.0.0.2', /A needs an address/],
  ['web CNAME a b', /CNAME needs a name/],
  ['a*b A 10.0.0.1', /not a name/],
  ['a..b A 10.0.0.1', /not a name/],
  [`${'a'.repeat(64)} A 10.0.0.1`, /not a name/],
  ['web SRV 0 0 65536 x', /SRV needs/],
  ['web SRV 0 0 80', /SRV needs/],
  ['web TXT', /TXT needs/],
  [`web TXT ${'x'.repeat(256)}`, /TXT needs/],
  ['web TXT "open', /not a name/],
];

for (const [text, reason] of bad) {
  test(`${JSON.stringify(text.slice(0, 40))} is no record`, () => assert.throws(() => parseRecord(text), reason));
}

test('options hold records, seconds and servers, and nothing by default', () => {
  const options = {
    'com.fairlead.dns.records': 'a A 10.0.0.1; b CNAME a;\nc TXT x',
    'com.fairlead.dns.ttl': '30',
    'com.fairlead.dns.servers': '192.0.2.53, [2001:db8::53]:5353 2001:db8::1',
  };
  const { ttl, servers } = dnsService(options);
  assert.deepEqual(writtenRecords(options).map(recordText), ['a A 10.0.0.1', 'b CNAME a', 'c TXT "x"']);
  assert.deepEqual([ttl, servers], [30, ['192.0.2.53', '[2001:db8::53]:5353', '2001:db8::1']]);
  assert.deepEqual([writtenRecords({}), dnsService({})], [[], { servers: [], health: true }]);
});

for (const [key, value] of [
  ['ttl', '-1'],
  ['ttl', '1.5'],
  ['ttl', '86401'],
  ['ttl', ''],
  ['servers', 'dns.example'],
  ['servers', '192.0.2.53:0'],
  ['health', 'maybe'],
  ['servers', '192.0.2.53:99999'],
  ['records', 'a CNAME b; a A 10.0.0.1'],
  ['records', 'a CNAME b; a CNAME c'],
] as const) {
  test(`${key}=${value} is refused`, () => {
    const options = { [`com.fairlead.dns.${key}`]: value };
    assert.throws(() => [dnsService(options), writtenRecords(options)], { code: 'invalid-argument' });
  });
}

test('records are taken away by name, by type or whole, and added once', () => {
  const before = ['a A 10.0.0.1', 'a A 10.0.0.2', 'a AAAA fd00::1', 'b CNAME a'].map(parseRecord);
  const change = (add: string[], remove: string[]) => changedRecords(before, { add, remove }).map(recordText);
  assert.deepEqual(change([], ['a']), ['b CNAME a']);
  assert.deepEqual(change([], ['A. a']), ['a AAAA fd00::1', 'b CNAME a']);
  assert.deepEqual(change([], ['a A 10.0.0.1']), ['a A 10.0.0.2', 'a AAAA fd00::1', 'b CNAME a']);
  assert.deepEqual(change(['b A 10.0.0.9', 'a A 10.0.0.1'], ['b']), [
    'a A 10.0.0.1',
    'a A 10.0.0.2',
    'a AAAA fd00::1',
    'b A 10.0.0.9',
  ]);
  assert.throws(() => change([], ['gone']), { code: 'not-found' });
  assert.throws(() => change(['b A 10.0.0.9'], []), /an alias and something else/);
  assert.throws(
    () => changedRecords(before, { add: Array.from({ length: 1000 }, (_, n) => `n${n} A 10.0.0.1`), remove: [] }),
    /a network can have 1000 DNS records/,
  );
});
