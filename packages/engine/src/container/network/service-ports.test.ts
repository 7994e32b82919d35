import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseServices, servicePorts } from './service-ports.ts';

const text = `
# Network services
http		80/tcp		www		# WorldWideWeb HTTP
domain		53/tcp				# Domain Name Server
domain		53/udp
HTTP-Alt	8080/tcp	webcache
broken		tcp
late		80/tcp
odd		80/ddp
`;

const common = parseServices(text);

test('a file of services has names for ports, several for some', () => {
  assert.deepEqual(common, {
    '80/tcp': ['http', 'www', 'late'],
    '53/tcp': ['domain'],
    '53/udp': ['domain'],
    '8080/tcp': ['http-alt', 'webcache'],
  });
});

for (const [what, exposed, own, expected] of [
  ['nothing is exposed', [], {}, []],
  ['a port by its common name', ['53/udp'], {}, ['domain/udp 53']],
  ['a port without a name', ['9999/tcp'], {}, []],
  ['the same number in another protocol', ['80/udp'], {}, []],
  ['names of its own', ['8080/tcp'], { '8080/tcp': ['http', 'api'] }, ['http/tcp 8080', 'api/tcp 8080']],
  ['no name by its own wish', ['53/udp'], { '53/udp': [] }, []],
  ['a port that only its name exposes', [], { '9000/tcp': ['php'] }, ['php/tcp 9000']],
] as const) {
  test(`services: ${what}`, () => {
    const found = servicePorts(exposed, own, common);
    assert.deepEqual(
      found.map(({ service, protocol, port }) => `${service}/${protocol} ${port}`),
      expected,
    );
  });
}
