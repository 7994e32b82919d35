import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBind } from './bind.ts';

type Bind = ReturnType<typeof parseBind>;

const bind: Bind = { type: 'bind', source: '/a', target: '/b', readOnly: false, mode: '' };
const cases: [text: string, wanted: Bind][] = [
  ['/a:/b', bind],
  ['/a:/b:', bind],
  ['/a:/b:ro', { ...bind, readOnly: true, mode: 'ro' }],
  ['/a:/b:rw', { ...bind, mode: 'rw' }],
  ['/a:/b:ro,z', { ...bind, readOnly: true, mode: 'ro,z' }],
  ['/a:/b:Z,ro,rslave,cached', { ...bind, readOnly: true, mode: 'Z,ro,rslave,cached', propagation: 'rslave' }],
  ['/a:/b:shared', { ...bind, mode: 'shared', propagation: 'shared' }],
  ['/a//x/../:/b/./c/', { ...bind, target: '/b/c' }],
  ['/a:/a', { ...bind, target: '/a' }],
  ['/:/host', { ...bind, source: '/', target: '/host' }],
  ['name:/b', { ...bind, type: 'volume', source: 'name' }],
  ['name:/b:nocopy', { ...bind, type: 'volume', source: 'name', mode: 'nocopy' }],
  ['name:/b:ro', { ...bind, type: 'volume', source: 'name', readOnly: true, mode: 'ro' }],
  ['/data', { ...bind, type: 'volume', source: '', target: '/data' }],
];

for (const [text, wanted] of cases) {
  test(`-v ${text} is understood`, () => assert.deepEqual(parseBind(text), wanted));
}

const specification = (text: string, reason = '') => `invalid volume specification: '${text}'${reason}`;
const relative = (type: string, target: string) =>
  `: invalid mount config for type "${type}": invalid mount path: '${target}' mount path must be absolute`;
const foreign = (type: string, options: string) =>
  `: invalid mount config for type "${type}": field ${options} must not be specified`;
const root = (type: string) =>
  `: invalid mount config for type "${type}": invalid specification: destination can't be '/'`;

const faults: [text: string, message: string][] = [
  ['', specification('')],
  [':', specification(':')],
  [':/b', specification(':/b')],
  ['/a:', specification('/a:')],
  ['/a:ro', specification('/a:ro')],
  ['/a:rshared', specification('/a:rshared')],
  ['/a:/b:ro:z', specification('/a:/b:ro:z')],
  ['data', specification('data', relative('volume', 'data'))],
  ['/a:b', specification('/a:b', relative('bind', 'b'))],
  ['name:b', specification('name:b', relative('volume', 'b'))],
  ['/a::ro', specification('/a::ro', relative('bind', ''))],
  ['/a:/', specification('/a:/', root('bind'))],
  ['/a:/b/..', specification('/a:/b/..', root('bind'))],
  ['name:/', specification('name:/', root('volume'))],
  ['/a:/b:nonsense', 'invalid mode: nonsense'],
  ['/a:/b:ro,rw', 'invalid mode: ro,rw'],
  ['/a:/b:z,Z', 'invalid mode: z,Z'],
  ['/a:/b:shared,slave', 'invalid mode: shared,slave'],
  ['/a:/b:ro,', 'invalid mode: ro,'],
  ['/a:/b:RO', 'invalid mode: RO'],
  ['name:/b:rshared', specification('name:/b:rshared', foreign('volume', 'BindOptions'))],
  ['/a:/b:nocopy', specification('/a:/b:nocopy', foreign('bind', 'VolumeOptions'))],
];

for (const [text, message] of faults) {
  test(`-v ${text || '(nothing)'} is refused in Docker’s words`, () => {
    assert.throws(() => parseBind(text), { code: 'invalid-argument', message });
  });
}
