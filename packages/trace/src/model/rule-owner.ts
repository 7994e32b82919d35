/** Whose the rules of the table are that we leave to whoever runs the host (docs/own-rules.md). */
export const administrator = 'the administrator';

/** Marks by which tables and chains of other programs can be told, the most telling first. */
const marks: readonly (readonly [pattern: RegExp, owner: string])[] = [
  [/^fairlead-user$/, administrator],
  [/^fairlead/, 'fairlead'],
  [/^(DOCKER|docker)/, 'docker'],
  [/^ufw6?-/, 'ufw'],
  [/^(firewalld|FWD_|FWDI_|FWDO_|IN_|filter_(FWD|IN|FORWARD))/, 'firewalld'],
  [/^(KUBE|kube)-/, 'kube-proxy'],
  [/^(CNI|cni)-/, 'a CNI plugin'],
  [/^(cali|calico)/, 'calico'],
  [/^(CILIUM|cilium)/, 'cilium'],
  [/^(NETAVARK|netavark)/, 'netavark'],
  [/^(LIBVIRT|libvirt)/, 'libvirt'],
  [/^(f2b-|fail2ban)/, 'fail2ban'],
  [/^ts-/, 'tailscale'],
];

/** Tables that iptables makes; what has none of the marks there is whoever called it. */
const iptablesTables: ReadonlySet<string> = new Set(['filter', 'nat', 'mangle', 'raw', 'security']);

/**
 * Whose rule this is, as far as names tell. A program's own chains are marked; in the built-in chains of iptables, the
 * chains that are called from there tell, which is why the other chains of the table may be given.
 */
export function ruleOwner(
  rule: { readonly family: string; readonly table: string; readonly chain: string },
  chainsOfTable: readonly string[] = [],
): string {
  for (const [pattern, owner] of marks) if (pattern.test(rule.table) || pattern.test(rule.chain)) return owner;
  if (rule.family === 'bridge' && iptablesTables.has(rule.table)) return 'ebtables';
  if (!iptablesTables.has(rule.table) || !['ip', 'ip6'].includes(rule.family)) return 'somebody else';
  for (const [pattern, owner] of marks) {
    if (owner === 'ufw' && chainsOfTable.some((chain) => pattern.test(chain))) return owner;
  }
  return 'iptables';
}
