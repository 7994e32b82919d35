import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPolicy, type PortPolicies, parsePortPolicy } from '@fairlead/base';
import { allowed, denied } from './port-access.ts';
import { parseBinding, textOf } from './port-change.ts';
import { policiesOfLabels, servicesOfLabels } from './port-labels.ts';

const present = ['8080:80,from=10.0.0.0/8', '8081:80', '443,via=eth0', '53:53/udp'].map(parseBinding);

/** One line for each binding. */
function lines(change: typeof allowed, specs: readonly string[], policies: PortPolicies = {}): string[] {
  const bindings = change(present, specs.map(parseBinding), policies);
  return bindings.map((binding) => `${textOf(binding)} ${binding.policy ? `(${formatPolicy(binding.policy)})` : ''}`);
}

const before = lines(allowed, []);
const cases: readonly (readonly [how: 'allow' | 'deny', specs: string[], changed: string[]])[] = [
  ['allow', ['8080:80,from=192.0.2.1'], ['8080:80/tcp (from=10.0.0.0/8,from=192.0.2.1/32)']],
  ['allow', ['8080:80,from=10.0.0.0/4'], ['8080:80/tcp (from=0.0.0.0/4)']],
  ['allow', ['8081:80,from=192.0.2.1'], ['8081:80/tcp (from=192.0.2.1/32)']],
  ['allow', ['80'], ['8080:80/tcp ()', '8081:80/tcp ()']],
  ['allow', ['443,via=wg0'], ['443/tcp (via=eth0,via=wg0)']],
  ['allow', ['443,from=192.0.2.1'], ['443/tcp (from=192.0.2.1/32,via=eth0)']],
  ['deny', ['8080:80,from=10.0.0.0/8'], ['8080:80/tcp (from=)']],
  ['deny', ['443,via=eth0'], ['443/tcp (from=)']],
  ['deny', ['53/udp'], ['53:53/udp (from=)']],
];
for (const [how, specs, changed] of cases) {
  test(`${how} ${specs.join(' ')}`, () => {
    const after = lines(how === 'allow' ? allowed : denied, specs);
    assert.deepEqual(
      after.filter((line) => !before.includes(line)),
      changed,
    );
  });
}

test('what labels say is where a change begins', () => {
  const policies = {
    '80/tcp': parsePortPolicy('192.0.2.0/24', undefined),
    '*': parsePortPolicy('198.51.100.1', undefined),
  };
  assert.equal(
    lines(allowed, ['8081:80,from=203.0.113.1'], policies)[1],
    '8081:80/tcp (from=192.0.2.0/24,from=203.0.113.1/32)',
  );
  assert.equal(lines(denied, ['53/udp,from=198.51.100.1'], policies)[3], '53:53/udp (from=)');
});

test('who was not allowed cannot be denied, and what is not published cannot be either', () => {
  assert.throws(() => denied(present, [parseBinding('8080:80,from=10.1.0.0/16')], {}), {
    message: 'port 8080:80/tcp is not for 10.1.0.0/16',
  });
  assert.throws(() => denied(present, [parseBinding('8081:80,from=10.1.0.0/16')], {}), { code: 'conflict' });
  assert.throws(() => allowed(present, [parseBinding('81')], {}), { message: 'port 81/tcp is not published' });
});

const host = { portBindings: present, publishAllPorts: false };
const label = (name: string) => `com.fairlead.port${name}`;

test('labels speak of one port, of a range, or of all', () => {
  assert.deepEqual(
    policiesOfLabels(
      {
        [label('.80.sources')]: '10.0.0.0/8',
        [label('.53/udp.interfaces')]: 'eth0',
        [label('s.sources')]: '',
        other: 'x',
      },
      host,
    ),
    { '80/tcp': { sources: ['10.0.0.0/8'] }, '53/udp': { interfaces: ['eth0'] }, '*': { sources: [] } },
  );
  assert.equal(policiesOfLabels({ 'com.fairlead.portable': 'x' }, host), undefined);
});

const wrong: readonly (readonly [label: string, message: RegExp])[] = [
  [
    label('.80.source'),
    /invalid label com\.fairlead\.port\.80\.source: after the port comes "sources", "interfaces" or "service"/,
  ],
  [label('.8080.sources'), /label about port 8080\/tcp, which is not published: labels name the port of the container/],
  [label('.53.sources'), /label about port 53\/tcp, which is not published/],
  [label('.x.sources'), /invalid containerPort: x/],
];
for (const [name, message] of wrong) {
  test(`refused, for the port would be open: ${name}`, () => {
    assert.throws(() => policiesOfLabels({ [name]: '10.0.0.0/8' }, host), message);
  });
}

test('with -P any port may be published later', () => {
  assert.ok(policiesOfLabels({ [label('.8080.sources')]: '10.0.0.0/8' }, { ...host, publishAllPorts: true }));
});

test('labels name what a port serves', () => {
  const label = 'com.fairlead.port.';
  const read = servicesOfLabels({ [`${label}8080.service`]: 'HTTP,api', [`${label}53/udp.service`]: '', other: 'x' });
  assert.deepEqual(read, { '8080/tcp': ['http', 'api'], '53/udp': [] });
  assert.equal(servicesOfLabels({ [`${label}80.sources`]: '10.0.0.0/8' }), undefined);
  assert.equal(policiesOfLabels({ [`${label}8080.service`]: 'http' }, host), undefined, 'nor are they policies');
  assert.throws(() => servicesOfLabels({ [`${label}80.service`]: '_http' }), /"_http" is no name of a service/);
  assert.throws(() => servicesOfLabels({ [`${label}web.service`]: 'http' }), { code: 'invalid-argument' });
  assert.throws(() => policiesOfLabels({ 'com.fairlead.ports.service': 'http' }, host), /after the port comes/);
});
