import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, test } from 'node:test';
import { Kernel } from './kernel.ts';
import { createNamespace, deleteNamespace, namespacePath } from './namespace/namespace.ts';

/** What other tools write, by the tools' own syntax. */

const namespace = `fl-test-foreign-${process.pid}`;
const run = (command: readonly string[]) =>
  execFileSync('nsenter', [`--net=${namespacePath(namespace)}`, ...command], { encoding: 'utf8' });

beforeEach(() => void createNamespace(namespace));
afterEach(() => deleteNamespace(namespace));

function seen(): string[] {
  using kernel = new Kernel();
  return kernel
    .foreignFilters(namespace)
    .map(({ family, table, chain, admitted }) => `${family} ${table} ${chain}: ${admitted.join(' ')}`)
    .sort();
}

const rulesets: readonly (readonly [what: string, ruleset: string, seen: readonly string[]])[] = [
  ['nothing', 'flush ruleset', []],
  ['a policy that accepts', 'table ip t { chain f { type filter hook forward priority 0; }; }', []],
  ['a policy of another hook', 'table ip t { chain i { type filter hook input priority 0; policy drop; }; }', []],
  [
    'rules that name interfaces, whole and by their beginning',
    `table inet t {
      chain f { type filter hook forward priority 0; policy drop; ct state established accept; jump more; oifname "eth0" drop; }
      chain more { iifname "docker0" accept; oifname "br-*" counter accept; iifname "wg0" tcp dport 80 accept; }
    }`,
    ['inet t f: docker0 br-* wg0'],
  ],
  [
    'a rule that lets everything through',
    'table ip6 t { chain f { type filter hook forward priority 0; policy drop; counter accept; }; }',
    ['ip6 t f: *'],
  ],
  [
    'a set of interfaces, which may hold any',
    'table ip t { chain f { type filter hook forward priority 0; policy drop; iifname { "a", "b" } accept; }; }',
    ['ip t f: *'],
  ],
  [
    'a chain that rejects in the end, as firewalld makes them',
    `table inet firewalld {
      chain filter_FORWARD {
        type filter hook forward priority 10; policy accept;
        ct state established,related accept; iifname "lo" accept; jump zones; ct state invalid drop;
        reject with icmpx type admin-prohibited
      }
      chain zones { iifname "docker0" accept; }
    }`,
    ['inet firewalld filter_FORWARD: lo docker0'],
  ],
  [
    'a table of the administrator for the time before ours',
    'table inet fairlead-user { chain f { type filter hook forward priority 0; policy drop; }; }',
    ['inet fairlead-user f: '],
  ],
];
for (const [what, ruleset, expected] of rulesets) {
  test(`forwarding with ${what}`, () => {
    run(['nft', ruleset]);
    assert.deepEqual(seen(), expected);
  });
}

test('forwarding as iptables and ufw leave it', () => {
  const commands = [
    '-P FORWARD DROP',
    '-N ufw-before-forward',
    '-A FORWARD -j ufw-before-forward',
    '-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    '-A ufw-before-forward -p icmp --icmp-type echo-request -j ACCEPT',
  ];
  for (const command of commands) run(['iptables-nft', ...command.split(' ')]);
  assert.deepEqual(seen(), ['ip filter FORWARD: ']);
  run(['iptables-nft', '-A', 'FORWARD', '-i', 'br-+', '-j', 'ACCEPT']);
  run(['iptables-nft', '-A', 'FORWARD', '-o', 'docker0', '-j', 'ACCEPT']);
  assert.deepEqual(seen(), ['ip filter FORWARD: br-* docker0']);
});
