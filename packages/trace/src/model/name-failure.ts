import { nameServerAddress, shortIdentifier } from '@fairlead/base';
import { commandIn, portsExhausted } from '../cause/row.ts';
import type { ProbeSource } from '../plan.ts';
import type { ContainerPlace, Directory } from './directory.ts';
import { type EarlyEnd, ended } from './early-end.ts';
import type { Fix, NameStep } from './report.ts';

/** What the place that asked is like. */
export interface AskedPlace {
  readonly isLoopbackUp: boolean;
  /** Base chains of its own, and not the engine's, that see what it asks and is answered: `ip filter INPUT`. */
  readonly chains: readonly string[];
}

/** The name of the destination gave no address. */
export function describeNameFailure(
  target: string,
  step: NameStep | undefined,
  {
    source,
    directory,
    asked,
  }: { readonly source: ProbeSource; readonly directory: Directory; readonly asked: AskedPlace },
): EarlyEnd {
  const failure = step?.failure ?? 'it has no address of that family';
  const known = containerCalled(target, directory);
  const evidence = [`${step?.server ?? step?.source ?? 'the engine'}: ${failure}`];
  const summary = `${source.name} finds no address for ${target}`;
  const unasked = sharesNames(source, known) ? nameServerTrouble(step, source, asked) : undefined;
  if (unasked !== undefined) {
    const { code, text, fixes, seen = [] } = unasked;
    return ended({ code, text, evidence: [...evidence, ...seen] }, summary, fixes);
  }
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

/** By its name, or by the short form of its id: shorter ones are no names, and many a host is called as an id begins (`db`). */
function containerCalled(target: string, { containers }: Directory): ContainerPlace | undefined {
  const isShort = ({ id }: ContainerPlace) => target === id || target === shortIdentifier(id);
  return containers.find(({ name }) => name === target) ?? containers.find(isShort);
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
  { isLoopbackUp, chains }: AskedPlace,
):
  | {
      readonly code: string;
      readonly text: string;
      readonly fixes: readonly Fix[];
      readonly seen?: readonly string[];
    }
  | undefined {
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
  if (!isLoopbackUp) {
    const command = (state: string) => commandIn(namespace, `ip link set lo ${state}`);
    return {
      code: 'interface-down',
      text: `The interface lo of ${name} is down, by which it asks the name service of the engine (${step.server}).`,
      fixes: [{ text: 'Bring it up again', commands: [command('up')], undo: [command('down')] }],
      seen: [`lo in ${name}: down`],
    };
  }
  const rules = chains.length === 0 ? 'it has no rules of its own' : `chains there that see it: ${chains.join(', ')}`;
  return {
    code: 'name-server-silent',
    text: `The name service of the engine (${step.server} in ${name}) does not answer: a rule in ${name} keeps back the question or the answer (${rules}), or the service does not run.`,
    fixes: [
      {
        text: `Look at ${name}; if all is well there, restart the engine`,
        commands: [commandIn(namespace, 'nft list ruleset')],
        undo: [],
      },
    ],
    seen: [`lo in ${name}: up`, rules],
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
