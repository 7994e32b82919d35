import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseIpAddress } from '@fairlead/base';
import { Kernel } from '../kernel.ts';
import { createNamespace, deleteNamespace, namespacePath } from '../namespace/namespace.ts';

const [here, there] = [`fl-test-announce-${process.pid}`, `fl-test-announce-${process.pid}-peer`];
const addresses = ['10.9.8.7', 'fd09::7'];

function run(namespace: string, words: string): string {
  return execFileSync('nsenter', [`--net=${namespacePath(namespace)}`, 'ip', ...words.split(' ')], {
    encoding: 'utf8',
  });
}

before(() => {
  createNamespace(here);
  createNamespace(there);
  run(
    here,
    `link add eth0 address 02:00:00:00:00:07 up type veth peer name eth0 address 02:00:00:00:00:08 netns ${there}`,
  );
  run(there, 'link set eth0 up');
  run(there, 'address add 10.9.8.1/24 dev eth0');
  run(there, 'address add fd09::1/64 dev eth0 nodad');
  for (const address of addresses) run(there, `neigh add ${address} lladdr 02:00:00:00:00:99 dev eth0 nud stale`);
});

after(() => {
  deleteNamespace(here);
  deleteNamespace(there);
});

test('a neighbour that knows an address elsewhere takes note of an announcement', async () => {
  using kernel = new Kernel();
  const heard = () => addresses.every((address) => run(there, `neigh show ${address}`).includes('02:00:00:00:00:07'));
  assert.equal(heard(), false);
  kernel.announce(here, 'eth0', addresses.map(parseIpAddress));
  for (let attempt = 0; attempt < 200 && !heard(); attempt++) await sleep(10);
  assert.ok(heard());
});

test('what is not there announces nothing', () => {
  using kernel = new Kernel();
  kernel.announce('fl-test-announce-nowhere', 'eth0', []);
  kernel.announce(here, 'eth9', addresses.map(parseIpAddress));
  run(here, 'link set eth0 down');
  kernel.announce(here, 'eth0', addresses.map(parseIpAddress));
});
