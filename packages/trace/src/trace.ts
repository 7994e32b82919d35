import {
  type Family,
  familyOf,
  type IpAddress,
  isLoopback,
  nameServerAddress,
  tryParseIpAddress,
} from '@fairlead/base';
import { isAstray, takerOf } from './cause/astray-rows.ts';
import { explainDroppedAnswer } from './cause/dropped-answer.ts';
import { explainCause } from './cause/knowledge-base.ts';
import { watchAnswers } from './collect/answer-drops.ts';
import { askedPlace } from './collect/asked-place.ts';
import { anywhere, readHost, type Uplink } from './collect/host-addresses.ts';
import { lookUpName } from './collect/name-lookup.ts';
import { askLifetime, askNamespace, askRoute } from './collect/namespace-facts.ts';
import { Namespaces } from './collect/namespaces.ts';
import { PlaceMap } from './collect/place-map.ts';
import type { Probe } from './collect/probe.ts';
import { Watch } from './collect/watch.ts';
import { type Followed, followProbe } from './follow.ts';
import type { Directory } from './model/directory.ts';
import type { TraceListener } from './model/live-hops.ts';
import { describeNameFailure } from './model/name-failure.ts';
import type { NameStep, TraceReport } from './model/report.ts';
import { astraySummary, lostSummary } from './model/summary.ts';
import { describeNoUplink, describeUnsendable } from './model/unsendable.ts';
import type { ProbeProtocol } from './packet/packet-header.ts';
import {
  behindAddress,
  chooseAddress,
  familiesOf,
  findSource,
  findTarget,
  type HostAddresses,
  type ProbeSource,
  type ProbeTarget,
  protocolFor,
  type TraceRequest,
} from './plan.ts';
import type { ProbeRoute } from './probe-route.ts';

/** Milliseconds to wait for an answer when nobody says: a neighbour is asked for again after a second. */
const PATIENCE = 1500;

/** What a trace can do without: what those of a row may share, and a listener. */
export interface TraceOptions {
  readonly watch?: Watch;
  /** Told of what is sent, and of each hop as it is seen. */
  readonly tell?: TraceListener;
  /** Path of a network namespace that stands for the host's, with no others beside it. */
  readonly host?: string;
}

/**
 * Follow one packet from one place to another and say what became of it.
 *
 * @throws FairleadError `invalid-argument`, `not-found` or `conflict` when the request makes no sense; whatever becomes of
 *   the packet is part of the report.
 */
export async function tracePacket(
  request: TraceRequest,
  directory: Directory,
  options: TraceOptions = {},
): Promise<TraceReport> {
  const start = performance.now();
  using namespaces = new Namespaces(options.host);
  const host = readHost(namespaces.get(''));
  const protocol = protocolFor(request);
  const source = findSource(request.from, directory, host);
  const target = findTarget(request.to, source, { directory, host, protocol, family: request.family });
  const { addresses, name } = await resolve(target, source, request.family, namespaces);
  const destination = chooseAddress(addresses, source, request.family);
  const question = { request, directory, namespaces, host, protocol, source, target, name };
  const report =
    destination === undefined
      ? await accountOfNoAddress(question, options)
      : await traceTo(destination, question, options);
  return {
    schema: 'fairlead.trace/1',
    ...report,
    ...(name && { name }),
    milliseconds: performance.now() - start,
  };
}

/** What a trace has to say, without what frames it. */
type Account = Omit<TraceReport, 'schema' | 'milliseconds'>;

/** A question, and what is known before anything is sent. */
interface Question {
  readonly request: TraceRequest;
  readonly directory: Directory;
  readonly namespaces: Namespaces;
  readonly host: HostWithUplinks;
  readonly protocol: ProbeProtocol;
  readonly source: ProbeSource;
  readonly target: ProbeTarget;
  readonly name: NameStep | undefined;
}

type HostWithUplinks = HostAddresses & { readonly device: (family: Family) => Uplink | undefined };

/** Milliseconds in which a question has reached a name service of the same machine, or has not. */
const WAY_TO_SERVICE = 300;

/**
 * The name was not told. Where the engine's own name service was silent, a packet to it says which rule keeps questions back, and
 * else a question which one keeps back the answer.
 */
async function accountOfNoAddress(question: Question, { tell: _, ...silently }: TraceOptions): Promise<Account> {
  const { source, target, name, namespaces, directory } = question;
  const asked = askedPlace(namespaces.get(source.namespace));
  const failure = describeNameFailure(target.name, name, { source, directory, asked });
  const server = tryParseIpAddress(name?.server ?? '');
  if (server === undefined || !isOwnService(server) || failure.cause?.code !== 'name-server-silent') return failure;
  const service: ProbeTarget = { name: 'the name service of the engine', addresses: [server], port: 53 };
  const request: TraceRequest = { from: source.name, to: server, timeout: WAY_TO_SERVICE };
  const way = { ...question, request, protocol: 'udp', target: service } as const;
  const { verdict, cause, hops, fixes } = await traceTo(server, way, silently);
  const found =
    verdict === 'dropped' && cause !== undefined ? { cause, fixes } : await explainSilence(question, server);
  if (found === undefined) return failure;
  const evidence = [...failure.cause.evidence, ...found.cause.evidence];
  return { ...failure, hops, cause: { ...found.cause, evidence }, fixes: found.fixes };
}

/** Where the engine serves names inside of containers. */
function isOwnService(server: IpAddress): boolean {
  return isLoopback(server) || server === nameServerAddress[6];
}

/** A question gets there: a rule may drop the answer. */
async function explainSilence({ source, target, namespaces }: Question, server: IpAddress) {
  const { name, namespace } = source;
  const dropped = await watchAnswers({ namespace, server, target: target.name }, namespaces);
  return dropped && explainDroppedAnswer(dropped, { name, namespace, server });
}

async function traceTo(destination: IpAddress, question: Question, options: TraceOptions): Promise<Account> {
  const prepared = prepare(destination, question);
  const places = new PlaceMap(question.directory, options.host);
  if ('failure' in prepared) return accountOfUnsent(prepared.failure, destination, question, places);
  const follow = async (watch: Watch, release?: () => void): Promise<Followed> => {
    const probe = probeOf(prepared, destination, question, watch.nextTag());
    const common = { ...routeTo(destination, question), places, watch };
    return await followProbe(probe, { ...common, ...(release && { release }), ...(tell && { tell }) });
  };
  const { tell } = options;
  const first = await (options.watch ? follow(options.watch) : followAlone(new Watch(), follow));
  const account = accountOf(first);
  if (!first.mayBeRules || (account.verdict === 'delivered' && account.cause === undefined)) return account;
  const { verdict, summary } = account;
  const second = await followAlone(new Watch({ attention: Number.POSITIVE_INFINITY }), follow);
  return { ...accountOf(second), earlier: { verdict, summary } };
}

/** With a watch that is let go once all has been seen. */
async function followAlone(
  watch: Watch,
  follow: (watch: Watch, release: () => void) => Promise<Followed>,
): Promise<Followed> {
  using _ = watch;
  return await follow(watch, () => watch[Symbol.dispose]());
}

function probeOf(prepared: Sendable, destination: IpAddress, question: Question, tag: number): Probe {
  const { request, protocol, source, target } = question;
  const { address, arrival, lifetime } = prepared;
  return {
    protocol,
    family: familyOf(destination),
    namespace: source.namespace,
    source: address,
    destination,
    port: target.port ?? 0,
    tag,
    connect: request.connect === true && arrival === undefined,
    ...(request.size !== undefined && { size: request.size }),
    ...(arrival && { arrival }),
    ...(lifetime !== undefined && { lifetime }),
  };
}

function routeTo(
  destination: IpAddress,
  question: Question,
): Omit<ProbeRoute, 'places' | 'watch' | 'release' | 'tell'> {
  const { request, directory, namespaces, host, protocol, source, target, name } = question;
  const port = target.port === undefined ? {} : { port: target.port };
  const behind = behindAddress(directory, host, { address: destination, protocol, ...port });
  return {
    namespaces,
    directory,
    sourceName: source.name,
    ...(source.container && { sourceContainer: source.container }),
    targetName: behind?.container.name ?? target.name,
    ...(behind && { behind }),
    local: host.all.has(destination) || isLoopback(destination),
    patience: request.timeout ?? PATIENCE,
    ...(name && { name }),
    ...(request.pcapng === true && { pcapng: true }),
  };
}

/** Nothing was sent: what the namespace of the source knows says why. */
function accountOfUnsent(
  failure: Unsendable['failure'],
  destination: IpAddress,
  { source, directory, namespaces }: Question,
  places: PlaceMap,
): Account {
  const family = familyOf(destination);
  const device = source.container?.attachments.find(({ interface: name }) => name !== undefined)?.interface;
  const facts = askNamespace(namespaces.get(source.namespace), {
    place: source.name,
    inode: places.inodeOf(source.namespace),
    packet: { family, source: destination, destination },
    ...(device !== undefined && { device }),
  });
  if (failure === 'no-uplink') return describeNoUplink({ family, facts });
  return describeUnsendable({ source, destination, family, facts, directory });
}

function accountOf({ trace, mayBeRules: _, ...rest }: Followed): Account {
  const { verdict } = trace.outcome;
  const astray = isAstray(trace);
  if (verdict === 'delivered' && !astray && trace.halted === undefined) return { ...rest, verdict, fixes: [] };
  const explained = explainCause(trace);
  // The cause may tell more than the packet did.
  const told = explained.verdict === verdict ? rest.summary : lostSummary(trace);
  const summary = astray ? astraySummary(trace, takerOf(trace)) : told;
  return { ...rest, summary, ...explained };
}

/** Names are looked up where the source is; the host's own by its own means. */
async function resolve(
  target: ProbeTarget,
  source: ProbeSource,
  family: Family | undefined,
  namespaces: Namespaces,
): Promise<{ readonly addresses: readonly IpAddress[]; readonly name?: NameStep }> {
  if (target.addresses !== undefined) return { addresses: target.addresses };
  const families = family === undefined ? familiesOf(source.container) : [family];
  const files = source.container?.files ?? (await hostFiles());
  const name = await lookUpName(namespaces.get(source.namespace), files, target.name, families);
  return { addresses: name.addresses, name };
}

async function hostFiles(): Promise<{ hosts: string; resolvConf: string }> {
  const { readFile } = await import('node:fs/promises');
  const read = (path: string) => readFile(path, 'utf8').catch(() => '');
  return { hosts: await read('/etc/hosts'), resolvConf: await read('/etc/resolv.conf') };
}

/** From which address a probe is sent, and how. */
interface Sendable {
  readonly address: IpAddress;
  readonly arrival?: Uplink;
  readonly lifetime?: number;
}

interface Unsendable {
  readonly failure: 'no-uplink' | 'no-source-route';
}

/** The address that the source would use, as its routes have it. */
function prepare(destination: IpAddress, { source, host, namespaces }: Question): Sendable | Unsendable {
  const family = familyOf(destination);
  if (source.arrival) {
    const arrival = host.device(family);
    // Where no gateway is needed, anybody may ask.
    const address = source.address ?? arrival?.gateway ?? anywhere[family];
    return arrival?.mac === undefined ? { failure: 'no-uplink' } : { address, arrival };
  }
  if (source.address !== undefined) return { address: source.address };
  const { route } = askRoute(namespaces.get(source.namespace), { destination });
  if (route === undefined || (route.type !== 'unicast' && route.type !== 'local'))
    return { failure: 'no-source-route' };
  if (route.source === undefined) return { failure: 'no-source-route' };
  const lifetime = askLifetime(namespaces.get(source.namespace), family, route.outgoing);
  return { address: route.source, ...(lifetime !== undefined && { lifetime }) };
}
