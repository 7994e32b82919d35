import { addressOf, familyOf } from '@fairlead/base';
import type { LinkDetails } from '@fairlead/netlink';
import { commandIn } from '../cause/row.ts';
import { droppedSilence, ignoringSilence, portSilence, type Silence as Reason } from '../cause/silent-neighbor.ts';
import type { Finding } from './finding.ts';
import type { HostState, Silence } from './host-state.ts';

/** Who has an address that somebody asked for in vain: his interface, and the settings of the namespace that it is in. */
interface Owner {
  readonly namespace: string;
  readonly link?: LinkDetails | undefined;
  /** The port of the bridge behind which it is. */
  readonly port?: LinkDetails | undefined;
  readonly sysctls: Readonly<Record<string, string>>;
}

/** Whether those who ask for the hardware address of a container, or of a network's gateway, are answered. */
export function questionFindings(state: HostState): Finding[] {
  const targets = [...new Set(state.silences.map(({ target }) => target))];
  return targets.flatMap((target) => {
    const silences = state.silences.filter((each) => each.target === target);
    const [first] = silences;
    const owner = first && ownerOf(state, first);
    // Who is down, or has not the address any more, is told of by itself.
    if (first === undefined || owner?.link?.up !== true || !hasAddress(state, first)) return [];
    const askers = silences.map(({ asker }) => asker);
    const affects = [...new Set(first.owner === 'host' ? askers : [first.owner, ...askers])];
    const isDeaf = owner.link.withoutArp === true;
    return [{ ...(isDeaf ? withoutArp(owner.link, owner, first) : silent(state, owner, first)), affects }];
  });
}

function ownerOf(state: HostState, { owner, network, target }: Silence): Owner | undefined {
  const { directory, links, inside } = state;
  if (owner === 'host') {
    const device = directory.networks.find(({ name }) => name === network)?.interface;
    const settings = Object.entries(state.sysctls).filter(
      ([key]) => /\.conf\.all\./.test(key) || key.includes(`.${device}.`),
    );
    return { namespace: '', link: links.find(({ name }) => name === device), sysctls: Object.fromEntries(settings) };
  }
  const container = directory.containers.find(({ name }) => name === owner);
  const attachment = container?.attachments.find(({ ipv4, ipv6 }) => ipv4 === target || ipv6 === target);
  const own = inside.find((each) => each.container === owner);
  return {
    namespace: container?.namespace ?? '',
    link: own?.links.find(({ name }) => name === attachment?.interface),
    port: links.find(({ name }) => name === attachment?.hostInterface),
    sysctls: own?.sysctls ?? {},
  };
}

function hasAddress({ addresses, inside }: HostState, { owner, target }: Silence): boolean {
  if (owner === 'host') return addresses.includes(target);
  const own = inside.find(({ container }) => container === owner)?.addresses ?? [];
  return own.some(({ address }) => addressOf(address) === target);
}

function silent(state: HostState, owner: Owner, silence: Silence): Omit<Finding, 'affects'> {
  const { asker, device, target, owner: name, drop } = silence;
  const { text, evidence, fixes } = reasonOf(state, owner, silence);
  return {
    code: 'neighbor-silent',
    severity: 'error',
    text: `${name} has the address ${target}, but ${asker} does not learn so when it asks: ${text}. Who does not remember it, or forgets it, does not reach ${name}.`,
    evidence: [`${asker} asked by ${device} who has ${target}: no answer`, ...evidence],
    fixes: drop === undefined ? fixes : fixes.map((fix) => inPlace(fix, owner)),
  };
}

function inPlace(fix: Reason['fixes'][number], { namespace }: Owner): Reason['fixes'][number] {
  return { ...fix, commands: fix.commands.map((command) => commandIn(namespace, command)) };
}

function reasonOf(
  state: HostState,
  { namespace, port, sysctls }: Owner,
  { owner, asker, target, drop }: Silence,
): Reason {
  const family = familyOf(target);
  const sender = state.directory.containers
    .find(({ name }) => name === asker)
    ?.attachments.flatMap(({ hostInterface }) => state.links.find(({ name }) => name === hostInterface) ?? []);
  const ignoring = family === 4 ? ignoringSilence(owner, namespace, sysctls) : undefined;
  const dropped = drop && droppedSilence(drop);
  return (
    ignoring ??
    portSilence(family, port, sender) ??
    dropped ?? {
      text: 'a setting or a rule, in one of the two or on the bridge, keeps back the question or the answer',
      evidence: [],
      fixes: [],
    }
  );
}

function withoutArp(
  link: LinkDetails,
  { namespace }: Owner,
  { owner, asker, device, target }: Silence,
): Omit<Finding, 'affects'> {
  const command = (word: string) => commandIn(namespace, `ip link set ${link.name} arp ${word}`);
  return {
    code: 'arp-off',
    severity: 'error',
    text: `The interface ${link.name} of ${owner} neither asks for neighbours nor answers who asks for it (arp off).`,
    evidence: [`${link.name} in ${owner}: NOARP`, `${asker} asked by ${device} who has ${target}: no answer`],
    fixes: [{ text: 'Let it', commands: [command('on')], undo: [command('off')] }],
  };
}
