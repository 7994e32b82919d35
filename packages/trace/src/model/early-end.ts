import { type Family, familyOf, type IpAddress, nameServerAddress } from '@fairlead/base';
import { commandIn, portsExhausted } from '../cause/row.ts';
import type { ProbeSource } from '../plan.ts';
import type { ContainerPlace, Directory } from './directory.ts';
import { type NamespaceFacts, refusalOf } from './facts.ts';
import type { Fix, NameStep, TraceReport } from './report.ts';

type Ended = Omit<TraceReport, 'schema' | 'milliseconds'>;

/** A trace that was over before there was a packet. */
function ended(cause: NonNullable<TraceReport['cause']>, summary: string, fixes: readonly Fix[] = []): Ended {
  return {
    verdict: 'dropped',
    summary,
    capabilities: { packets: false, rules: false, missing: [] },
    hops: [],
    cause,
    fixes,
  };
}

/** The name of the destination gave no address. */
export function describeNameFailure(
  target: string,
  step: NameStep | undefined,
  { source, directory }: { readonly source: ProbeSource; readonly directory: Directory },
): Ended {
  const failure = step?.failure ?? 'it has no address of that family';
  const known = directory.containers.find(({ name, id }) => name === target || id.startsWith(target));
  const evidence = [`${step?.server ?? step?.source ?? 'the engine'}: ${failure}`];
  const summary = `${source.name} finds no address for ${target}`;
  const unasked = sharesNames(source, known) ? nameServerTrouble(step, source) : undefined;
  if (unasked !== undefined) return ended({ ...unasked, evidence }, summary, unasked.fixes);
  if (known === undefined || source.container === undefined) {
    const code = /did not answer|SERVFAIL/.test(failure) ? 'name-server-silent' : 'name-unknown';
    const text =
      code === 'name-unknown'
        ? `Nobody knows a host ${target}: no container on ${source.name}'s networks has that name, and neither do the name servers outside.`
        : `The name servers that ${source.name} is sent to do not answer.`;
    return ended({ code, text, evidence }, summary);
  }
  if (known.namespace === undefined) {
    const start = { text: `Start it`, commands: [`docker start ${known.name}`], undo: [`docker stop ${known.name}`] };
    const text = `The container ${known.name} is not running, so its name leads nowhere.`;
    return ended({ code: 'target-not-running', text, evidence }, summary, [start]);
  }
  const own = source.container.attachments.map(({ network }) => network);
  const theirs = known.attachments.map(({ network }) => network);
  const shared = own.filter((network) => theirs.includes(network));
  if (shared.length === 0) {
    const text = `${source.name} and ${known.name} are on no common network (${own.join(', ') || 'none'}; ${theirs.join(', ') || 'none'}), so the name is not known there.`;
    return ended({ code: 'no-common-network', text, evidence }, summary, connectFixes(source, known.name, own, theirs));
  }
  const onDefault = shared.every((network) => network === 'bridge');
  const text = onDefault
    ? `${source.name} and ${known.name} meet only on the default network "bridge", which has no names.`
    : `${known.name} is on a network with ${source.name}, but the name has no address of the wanted family.`;
  const code = onDefault ? 'default-network-has-no-names' : 'name-without-address';
  return ended({ code, text, evidence }, summary, onDefault ? ownNetworkFix(source, known.name) : []);
}

/** True when the engine's name service is to know the one for the other: the default network has none. */
function sharesNames({ container }: ProbeSource, known: ContainerPlace | undefined): boolean {
  const theirs = known?.namespace === undefined ? [] : known.attachments.map(({ network }) => network);
  return container?.attachments.some(({ network }) => network !== 'bridge' && theirs.includes(network)) === true;
}

/** Why a name that is known there was not told: the program was sent to somebody else, or nobody could be asked. */
function nameServerTrouble(
  step: NameStep | undefined,
  { name, namespace, container }: ProbeSource,
): { readonly code: string; readonly text: string; readonly fixes: readonly Fix[] } | undefined {
  const failure = step?.failure;
  if (failure === undefined || container === undefined || /NXDOMAIN|no address/.test(failure)) return undefined;
  const own: readonly string[] = Object.values(nameServerAddress);
  const restart = { text: `Restart ${name}, which writes it anew`, commands: [`docker restart ${name}`], undo: [] };
  if (/EADDRINUSE|EAGAIN|EADDRNOTAVAIL/.test(failure)) return { ...portsExhausted(name, namespace), fixes: [] };
  if (step?.server === undefined) {
    return {
      code: 'no-name-server',
      text: `The resolv.conf of ${name} names no name server, so it finds no names.`,
      fixes: [restart],
    };
  }
  if (!own.includes(step.server)) {
    const text = `The resolv.conf of ${name} sends it to ${step.server}, which does not answer; names of containers are known at ${own.join(' or ')} alone.`;
    return { code: 'other-name-server', text, fixes: [restart] };
  }
  const commands = [commandIn(namespace, 'ip link show lo'), commandIn(namespace, 'nft list ruleset')];
  return {
    code: 'name-server-silent',
    text: `The name service of the engine (${step.server} in ${name}) does not answer: something in ${name} keeps it back (lo down, a rule), or the service does not run.`,
    fixes: [{ text: `Look at ${name}; if all is well there, restart the engine`, commands, undo: [] }],
  };
}

function connectFixes(source: ProbeSource, target: string, own: readonly string[], theirs: readonly string[]): Fix[] {
  const connect = (network: string, container: string): Fix => ({
    text: `Put ${container} on ${network} as well`,
    commands: [`docker network connect ${network} ${container}`],
    undo: [`docker network disconnect ${network} ${container}`],
  });
  const usable = (network: string) => !['bridge', 'host', 'none'].includes(network);
  const [theirNetwork] = theirs.filter(usable);
  const [ownNetwork] = own.filter(usable);
  return [
    ...(theirNetwork === undefined ? [] : [connect(theirNetwork, source.name)]),
    ...(ownNetwork === undefined ? [] : [connect(ownNetwork, target)]),
  ];
}

function ownNetworkFix(source: ProbeSource, target: string): Fix[] {
  return [
    {
      text: 'Make a network for the two',
      commands: [
        'docker network create app',
        `docker network connect app ${source.name}`,
        `docker network connect app ${target}`,
      ],
      undo: [
        `docker network disconnect app ${target}`,
        `docker network disconnect app ${source.name}`,
        'docker network rm app',
      ],
    },
  ];
}

/** The source has no way to send it. */
export function describeUnsendable(
  failure: 'no-uplink' | 'no-source-route',
  end: {
    readonly source: ProbeSource;
    readonly destination: IpAddress;
    readonly family: Family;
    readonly facts: NamespaceFacts;
    readonly directory: Directory;
  },
): Ended {
  const { source, destination, family, facts, directory } = end;
  const ip = family === 4 ? 'IPv4' : 'IPv6';
  if (failure === 'no-uplink') {
    const down = facts.links.filter(
      ({ up, kind, masterIndex, name }) => !up && kind !== 'bridge' && masterIndex === undefined && name !== 'lo',
    );
    const names = down.map(({ name }) => name).join(', ');
    const why = down.length === 0 ? '' : ` Interfaces that are down have no routes: ${names}.`;
    const onward = facts.links.find(({ index }) => index === facts.onward?.route?.outgoing);
    const text =
      onward !== undefined && onward.mac === undefined
        ? `The default route for ${ip} leads to ${onward.name}, which has no hardware address: nothing can be put in there as if it came from outside.`
        : `This host has no default route for ${ip}, so nothing can come in from outside.${why}`;
    return ended(
      {
        code: 'no-uplink',
        text,
        evidence: ['the routing table of the host', ...down.map(({ name }) => `${name} in host: down`)],
      },
      'nothing can come from outside',
    );
  }
  const errno = facts.onward?.errno ?? facts.onward?.route?.type ?? 'no route';
  const evidence = [`route lookup in ${source.name} for ${destination}: ${errno}`];
  const summary = `${source.name} has no way to ${destination}`;
  const cause = (code: string, text: string) => ({ code, text, evidence });
  const own = source.container?.attachments ?? [];
  const down = facts.links.filter(({ up, name }) => !up && name !== 'lo');
  const [firstDown] = down;
  if (firstDown !== undefined && source.container !== undefined) {
    const { name } = firstDown;
    const text = `The interface ${name} of ${source.name} is down, and its routes went with it.`;
    const where = source.namespace === '' ? '' : ` -n ${source.namespace}`;
    return ended(cause('interface-down', text), summary, [
      {
        text: `Bring ${name} up again`,
        commands: [`ip${where} link set ${name} up`],
        undo: [`ip${where} link set ${name} down`],
      },
    ]);
  }
  if (source.container !== undefined && own.every(({ interface: name }) => name === undefined)) {
    return ended(cause('no-network', `${source.name} is on no network (--network none).`), summary, [
      {
        text: 'Put it on a network',
        commands: [`docker network disconnect none ${source.name}`, `docker network connect bridge ${source.name}`],
        undo: [`docker network disconnect bridge ${source.name}`, `docker network connect none ${source.name}`],
      },
    ]);
  }
  const blocked = facts.onward && refusalOf(facts.onward);
  if (blocked !== undefined) {
    const where = (command: string) => commandIn(source.namespace, command);
    const flag = family === 6 ? ' -6' : '';
    const commands = [`ip${flag} rule`, `ip${flag} route show table all type ${blocked}`].map(where);
    return ended(
      cause(
        'route-blocked',
        `${blocked === 'unreachable' ? 'An' : 'A'} ${blocked} route or rule in ${source.name} refuses ${destination}.`,
      ),
      summary,
      [{ text: 'Find the route or rule and take it away', commands, undo: [] }],
    );
  }
  const [off] = Object.entries(facts.sysctls).filter(([key, value]) => key.endsWith('.disable_ipv6') && value === '1');
  if (off !== undefined && family === 6 && own.some(({ ipv6 }) => ipv6 !== undefined)) {
    const text = `IPv6 is switched off in ${source.name} (${off[0]} is 1), and its addresses and routes went with it.`;
    const { code, evidence: seen } = cause('ipv6-off', text);
    return ended({ code, text, evidence: [...seen, `${off[0]} = 1`] }, summary, [
      {
        text: `Restart ${source.name}, which builds its network anew`,
        commands: [`docker restart ${source.name}`],
        undo: [],
      },
    ]);
  }
  const internal = own.filter(
    ({ network }) => directory.networks.find(({ name }) => name === network)?.internal === true,
  );
  if (internal.length > 0 && internal.length === own.length) {
    const text = `${source.name} is only on internal networks (${internal.map(({ network }) => network).join(', ')}), which have no way out.`;
    return ended(cause('internal-network', text), summary, [
      {
        text: 'Put it on a network with a way out as well',
        commands: [`docker network connect bridge ${source.name}`],
        undo: [`docker network disconnect bridge ${source.name}`],
      },
    ]);
  }
  if (family === 6 && !own.some(({ ipv6 }) => ipv6 !== undefined)) {
    return ended(cause('no-ipv6', `${source.name} has no IPv6: none of its networks was made with --ipv6.`), summary);
  }
  return ended(
    cause('no-source-route', `${source.name} has no route to ${destination}.`),
    summary,
    defaultRouteFix(source, family, directory),
  );
}

/** The gateway of its network is what it is to have as its default route. */
function defaultRouteFix(source: ProbeSource, family: Family, directory: Directory): Fix[] {
  for (const { network, interface: device } of source.container?.attachments ?? []) {
    const place = directory.networks.find(({ name, internal }) => name === network && !internal);
    const gateway = place?.gateways.find((each) => familyOf(each) === family);
    if (gateway === undefined || device === undefined) continue;
    const route = (verb: string) => `ip${family === 6 ? ' -6' : ''} route ${verb} default via ${gateway} dev ${device}`;
    return [
      {
        text: `Give it its default route back (or restart ${source.name})`,
        commands: [commandIn(source.namespace, route('add'))],
        undo: [commandIn(source.namespace, route('del'))],
      },
    ];
  }
  return [];
}
