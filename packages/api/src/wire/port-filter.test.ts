import assert from 'node:assert/strict';
import { test } from 'node:test';
import { portFilter } from './port-filter.ts';

const read: readonly (readonly [text: string, protocol: string, within: number, beyond: number])[] = [
  ['80', 'tcp', 80, 81],
  ['80/UDP', 'udp', 80, 79],
  ['8000-8010/tcp', 'tcp', 8010, 8011],
  ['80/foo', 'foo', 80, 81],
];
for (const [text, protocol, within, beyond] of read) {
  test(`ports ${text}`, () => {
    const filter = portFilter('expose', text);
    assert.equal(filter.protocol, protocol);
    assert.deepEqual([filter.includes(within), filter.includes(beyond)], [true, false]);
  });
}

const looking = 'error while looking up for publish';
const refused: readonly (readonly [text: string, message: string])[] = [
  ['8080:80', "filter for 'publish' should not contain ':': 8080:80"],
  ['', `${looking} : empty string specified for ports`],
  ['foo', `${looking} foo: strconv.ParseUint: parsing "foo": invalid syntax`],
  ['1-x/udp', `${looking} 1-x/udp: strconv.ParseUint: parsing "x": invalid syntax`],
  ['65536', `${looking} 65536: strconv.ParseUint: parsing "65536": value out of range`],
  ['9-8', `${looking} 9-8: invalid range specified for port: 9-8`],
];
for (const [text, message] of refused) {
  test(`no ports: ${JSON.stringify(text)}`, () => {
    assert.throws(() => portFilter('publish', text), { code: 'invalid-argument', message });
  });
}
