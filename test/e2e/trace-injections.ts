import type { Fault } from './trace-lab.ts';

/** What many faults are made of; lines of shell, see `TraceLab.shell`. */
type Injection = Required<Pick<Fault, 'inject' | 'undo'>>;

/**
 * web and db do not know each other: web has to ask, and db, which it could learn from, has no reason to. A neighbour that was
 * in use five seconds ago is asked for again, at whatever moment that is.
 */
export const strangers = 'inside $WEB ip neigh flush dev eth0; inside $DB ip neigh flush dev eth0';

/** A neighbour that was asked for in vain is only asked for again after a second: wait for that. */
export const asked = askedTwice('ping 10.9.1.3');
export const asked6 = askedTwice('ping -6 fd00:9:1::3');

/** A second machine on the network `app` that has an address of somebody's, and that web believes to be its owner. */
export function twin(address: string): Injection {
  return {
    inject: `ip netns add twin; ip link add twin type veth peer name eth0 netns twin; ip link set twin master $APP up
      ip -n twin addr add ${address}/24 dev eth0; ip -n twin link set eth0 address 02:00:00:00:99:98 up
      inside $WEB ip neigh replace ${address} lladdr 02:00:00:00:99:98 nud permanent dev eth0`,
    undo: `ip netns del twin; inside $WEB ip neigh del ${address} dev eth0; ip neigh flush dev $APP`,
  };
}

/**
 * A table `odd` with one chain `c`.
 *
 * @param where empty for the host, else `inside NAMESPACE `.
 * @param type of the chain, and its hook and priority, in nft's words; in the rules, too, variables of the shell are replaced.
 */
export function oddTable(where: string, family: string, type: string, ...rules: readonly string[]): Injection {
  return {
    inject: `${where}nft -f - <<NFT\ntable ${family} odd {\nchain c { type ${type};\n${rules.join('\n')}\n}\n}\nNFT`,
    undo: `${where}nft delete table ${family} odd`,
  };
}

/** The first packet may be lost while the neighbour is looked for. */
function askedTwice(ping: string): string {
  const once = `inside $WEB busybox ${ping} -q -c1 -W3 >/dev/null`;
  return `{ ${once} || ${once}; }`;
}
