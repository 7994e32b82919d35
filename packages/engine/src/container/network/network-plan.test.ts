import assert from 'node:assert/strict';
import { hostname as machineName } from 'node:os';
import { test } from 'node:test';
import { FairleadError } from '@fairlead/base';
import type { Network, PortBinding } from '@fairlead/network';
import type { Container } from '../../model.ts';
import { type SampleContainer, sampleContainer, sampleTable } from '../testing/sample-container.ts';
import { exposedPorts, hostnameOf, networkWarnings, planNetwork } from './network-plan.ts';

function networkNamed(name: string): Network {
  const rest = { created: 0, ipv4: true, ipv6: false, internal: false, attachable: false, options: {}, labels: {} };
  const ipam = { ipamDriver: 'default', ipamOptions: null, subnets: [] };
  return { id: `id-${name}`, name, driver: 'bridge', scope: 'local', ...rest, ...ipam };
}

const network = {
  findNetwork(reference: string): Network {
    if (['bridge', 'host', 'none', 'app', 'db'].includes(reference)) return networkNamed(reference);
    throw new FairleadError('not-found', `network ${reference} not found`);
  },
};

function plan(container: Container, { others = [], exposed = [] }: { others?: Container[]; exposed?: string[] } = {}) {
  return planNetwork(container, { network, table: sampleTable(container, ...others), exposed });
}

const donor = sampleContainer({ name: 'donor', state: { status: 'running', pid: 7 }, config: { hostname: 'given' } });
const joiner = (to: Container) => sampleContainer({ name: 'joiner', host: { networkMode: `container:${to.id}` } });

test('networks are joined in the order asked for, with the links that belong to them', () => {
  const networks = ['app', 'bridge'].map((name) => ({ network: name, config: { aliases: [name] } }));
  const found = plan(sampleContainer({ config: { networks }, host: { networkMode: 'app', links: ['db:database'] } }));
  assert.ok(found.mode === 'own');
  const { requests } = found;
  assert.deepEqual(
    requests.map((request) => [request.network.id, request.config]),
    [
      ['id-app', { aliases: ['app'], links: ['db:database'] }],
      ['id-bridge', { aliases: ['bridge'], links: [] }],
    ],
  );
});

test('a network that is gone is named', () => {
  const networks = [{ network: 'gone', config: {} }];
  const message = 'failed to set up container networking: network gone not found';
  assert.throws(() => plan(sampleContainer({ config: { networks } })), { code: 'not-found', message });
});

test('the modes decide which namespace it is', () => {
  const mode = (networkMode: string) => plan(sampleContainer({ host: { networkMode } })).mode;
  assert.deepEqual([mode('bridge'), mode('none'), mode('host')], ['own', 'own', 'host']);
  const shared = plan(joiner(donor), { others: [donor] });
  assert.deepEqual([shared.mode, shared.mode === 'shared' && shared.donor.id], ['shared', donor.id]);
});

test('a donor has to exist, to be another container, and to run', () => {
  const stopped = sampleContainer({ state: { status: 'exited' } });
  const restarting = sampleContainer({ state: { status: 'restarting' } });
  const self = sampleContainer({ id: 'self', host: { networkMode: 'container:self' } });
  const cases: [Container, Container[], string, string][] = [
    [joiner(donor), [], 'not-found', `No such container: ${donor.id}`],
    [self, [], 'internal', 'cannot join own network namespace'],
    [
      joiner(stopped),
      [stopped],
      'conflict',
      `joining network namespace of container: cannot join network namespace of a non running container: container ${stopped.id} is exited`,
    ],
    [
      joiner(restarting),
      [restarting],
      'conflict',
      `cannot join network namespace of container: Container ${restarting.id} is restarting, wait until the container is running`,
    ],
  ];
  for (const [container, others, code, message] of cases) {
    assert.throws(() => plan(container, { others }), { code, message });
  }
});

test('a container is called what was asked for, else as its donor, the machine, or by its short id', () => {
  const name = (sample: SampleContainer, ...others: Container[]) => {
    const container = sampleContainer(sample);
    return [hostnameOf(container, sampleTable(container, ...others)), container.id.slice(0, 12)];
  };
  assert.equal(name({ config: { hostname: 'own' } })[0], 'own');
  const [short, id] = name({});
  assert.equal(short, id);
  assert.equal(name({ host: { networkMode: 'host' } })[0], machineName());
  assert.equal(name({ host: { utsMode: 'host' } })[0], machineName());
  assert.equal(name({ host: { networkMode: 'host' }, config: { hostname: 'own' } })[0], 'own');
  const middle = joiner(donor);
  const shares = { host: { networkMode: `container:${middle.id}` } };
  assert.equal(name(shares, middle, donor)[0], 'given');
  const [lost, ownId] = name(shares);
  assert.equal(lost, ownId);
});

const published: PortBinding = { containerPort: 80, protocol: 'tcp', hostPorts: { first: 8080, last: 8080 } };

test('exposed ports come from image, request and bindings, each once, ranges one by one', () => {
  const container = sampleContainer({
    config: { exposedPorts: ['443', '53/udp', '9000-9002/tcp'] },
    host: { portBindings: [published] },
  });
  const wanted = ['80/tcp', '22/tcp', '443/tcp', '53/udp', '9000/tcp', '9001/tcp', '9002/tcp'];
  assert.deepEqual(exposedPorts(container, ['80/tcp', '22/tcp']), wanted);
  assert.deepEqual(exposedPorts(sampleContainer(), ['nonsense/tcp']), []);
});

test('-P publishes every exposed port that is not published already, on a port that the host chooses', () => {
  const ports = (publishAllPorts: boolean) => {
    const host = { portBindings: [published], publishAllPorts };
    const found = plan(sampleContainer({ config: { exposedPorts: ['53/udp', '0/tcp'] }, host }), {
      exposed: ['80/tcp', '80/udp'],
    });
    return found.mode === 'shared' ? [] : found.ports;
  };
  assert.deepEqual(ports(false), [published]);
  assert.deepEqual(ports(true), [
    published,
    { containerPort: 80, protocol: 'udp' },
    { containerPort: 53, protocol: 'udp' },
  ]);
});

test('a container is warned of what its network lacks, in Docker’s words', () => {
  const warnings = (networkMode: string, isLacking: boolean, publishAllPorts = false) => {
    const { config } = sampleContainer({ host: { networkMode, publishAllPorts } });
    return networkWarnings(config, { isForwardingLacking: () => isLacking });
  };
  const lacking = ['IPv4 forwarding is disabled. Networking will not work.'];
  assert.deepEqual([warnings('bridge', true), warnings('bridge', false)], [lacking, []]);
  assert.deepEqual([warnings('host', true), warnings('none', true)], [[], []]);
  assert.deepEqual(warnings('host', false, true), ['Published ports are discarded when using host network mode']);
});
