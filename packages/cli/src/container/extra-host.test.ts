import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extraHost } from './extra-host.ts';

const read: readonly [text: string, sent: string][] = [
  ['box:192.0.2.50', 'box:192.0.2.50'],
  ['box=192.0.2.50', 'box:192.0.2.50'],
  ['six:2001:db8::50', 'six:2001:db8::50'],
  ['six:[2001:db8::50]', 'six:2001:db8::50'],
  ['six=[2001:db8::50]', 'six:2001:db8::50'],
  ['six=2001:db8::50', 'six:2001:db8::50'],
  ['up=host-gateway', 'up:host-gateway'],
];
for (const [text, sent] of read)
  test(`--add-host ${text} is sent as ${sent}`, () => assert.equal(extraHost(text), sent));

const refused: readonly [text: string, message: string][] = [
  ['box', 'bad format for add-host: "box"'],
  ['=192.0.2.50', 'bad format for add-host: "=192.0.2.50"'],
  ['box=nowhere', 'invalid IP address in add-host: "nowhere"'],
  ['box:', 'invalid IP address in add-host: ""'],
  ['box=[]', 'invalid IP address in add-host: "[]"'],
];
for (const [text, message] of refused) {
  test(`--add-host ${text} is refused`, () =>
    assert.throws(() => extraHost(text), { code: 'invalid-argument', message }));
}
