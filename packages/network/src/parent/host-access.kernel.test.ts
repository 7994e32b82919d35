import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { testNames } from '@fairlead/kernel/testing';
import { removeHost } from '../testing/kernel-inside.ts';
import { KernelLab } from '../testing/kernel-lab.ts';

/** The host and its macvlan containers, with packets really sent. The parent is a bridge that leads nowhere. */

const NAMES = testNames('access');
const HOST = `${NAMES}host`;
const PREFIX = `${NAMES}box-`;
const clean = () => removeHost(HOST, PREFIX);
clean();
afterEach(clean);

const request = (access: string, internal = false) => ({
  name: 'lan',
  driver: 'macvlan',
  ipv6: true,
  internal,
  options: { parent: 'uplink', 'com.fairlead.host-access': access },
  ipam: { config: [{ subnet: '10.9.5.0/24', gateway: '10.9.5.1' }, { subnet: 'fd00:5::/64' }] },
});
const web = ['10.9.5.10', 'fd00:5::10'];
const host = ['10.9.5.200', 'fd00:5::200'];
const addresses = { ipv4Address: '10.9.5.10', ipv6Address: 'fd00:5::10' };

test('the host and containers on its own wire talk, both ways and in both IP versions, where that was asked for', async () => {
  using lab = new KernelLab(HOST, PREFIX);
  await lab.start();
  lab.run('', 'ip', 'address', 'add', '10.9.5.2/24', 'dev', 'uplink');
  await lab.controller.repair();
  await lab.controller.createNetwork(request('false'));
  await lab.join('plain', 'lan', { ipv4Address: '10.9.5.10' });
  assert.ok(!lab.reaches('', '10.9.5.10', 1), 'not by itself');
  await lab.leave('plain', 'lan');
  await lab.controller.removeNetwork('lan');

  await lab.controller.createNetwork(request(host.join(',')));
  await lab.join('web', 'lan', addresses);
  const talk = () => {
    for (const address of web) assert.ok(lab.reaches('', address), `host to ${address}`);
    for (const address of host) assert.ok(lab.reaches('web', address), `web to ${address}`);
  };
  talk();
  assert.deepEqual(await lab.controller.repair(), [], 'what is there is what is wanted');
  const link = lab.controller.findNetwork('lan').parent?.host?.name ?? '';
  lab.run('', 'ip', 'link', 'del', link);
  await lab.controller.repair();
  talk();
  // The wire shall not hear of the host's other addresses by this link.
  assert.match(
    lab.run('', 'sysctl', '-n', `net.ipv4.conf.${link}.arp_ignore`, `net.ipv6.conf.${link}.accept_ra`),
    /^1\n0$/m,
  );
});

test('the host is reached on an internal network, and passes nothing on', async () => {
  using lab = new KernelLab(HOST, PREFIX);
  await lab.start();
  await lab.controller.createNetwork({ name: 'app', ipam: { config: [{ subnet: '10.9.4.0/24' }] } });
  await lab.join('db', 'app', { ipv4Address: '10.9.4.10' });
  await lab.controller.createNetwork(request(host.join(','), true));
  await lab.join('web', 'lan', addresses);
  assert.ok(lab.reaches('web', host[0] ?? ''));
  lab.run('web', 'ip', 'route', 'add', 'default', 'via', host[0] ?? '');
  assert.ok(lab.reaches('web', '10.9.4.1', 10), 'addresses of the host are the host');
  assert.ok(!lab.reaches('web', '10.9.4.10', 1));
});
