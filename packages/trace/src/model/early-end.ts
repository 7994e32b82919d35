import type { Family, IpAddress } from '@fairlead/base';
import type { ProbeSource } from '../plan.ts';
import type { Directory } from './directory.ts';
import type { NamespaceFacts } from './facts.ts';
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
    const text = `This host has no default route for ${ip}, so nothing can come in from outside.`;
    return ended(
      { code: 'no-uplink', text, evidence: ['the routing table of the host'] },
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
  const blocked = facts.onward?.route?.type;
  if (blocked !== undefined && blocked !== 'unicast' && blocked !== 'local') {
    return ended(cause('route-blocked', `A ${blocked} route in ${source.name} refuses ${destination}.`), summary);
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
  return ended(cause('no-source-route', `${source.name} has no route to ${destination}.`), summary);
}
