import { setTimeout as sleep } from 'node:timers/promises';
import { FairleadError, messageOf } from '@fairlead/base';
import { Backlog } from './backlog.ts';
import { DropRules } from './collect/drop-rules.ts';
import { type DropWatch, watchDrops } from './collect/drop-watch.ts';
import { PlaceMap } from './collect/place-map.ts';
import { containerBehind, type Directory, ownerOf } from './model/directory.ts';
import { endText, icmpText } from './model/hops.ts';
import type { RuleStep } from './model/report.ts';
import { readPacketHeader } from './packet/packet-header.ts';
import type { EventRecord } from './program/event-record.ts';

/** Packets of one kind that were dropped at one place. */
export interface DropReport {
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Name of the container, or `host`. */
  readonly place: string;
  readonly device?: string;
  /** The kernel's own word for it. */
  readonly reason: string;
  /** The kernel's function. */
  readonly function: string;
  readonly source: string;
  readonly destination: string;
  /** Containers that the addresses belong to. */
  readonly from?: string;
  readonly to?: string;
  /** Container by whose cable it came, where neither address is one of its own. */
  readonly sender?: string;
  /** `tcp`, `udp`, `icmp` with what it says, or a number. */
  readonly protocol: string;
  /** Which rule it was, where nftables can be asked: see {@link DropRules}. */
  readonly rule?: Pick<RuleStep, 'owner' | 'family' | 'table' | 'chain' | 'text'>;
  /** How many since the last report. */
  readonly count: number;
}

/** Something that whoever reads of drops has to know: so far, that some are missing. */
export interface DropNotice {
  readonly notice: string;
  readonly code: 'lost';
}

/** What {@link watchAllDrops} tells. */
export type DropLine = DropReport | DropNotice;

/** Packets, of a few hundred bytes each, that wait for one who reads: he gets lines four times a second. */
const CAPACITY = 10_000;
/** Milliseconds between two reports, and between two looks for new namespaces. */
const INTERVAL = 250;

/** No loss: copies that a bridge sends to everybody, and packets that are done with. */
const meaningless: ReadonlySet<string> = new Set(['NOT_DROPPED_YET', 'CONSUMED', 'OTHERHOST']);

/**
 * Packets as they are dropped in the host and in every pinned namespace, until the signal. Who reads too slowly is told how many
 * are missing.
 *
 * @throws FairleadError `not-implemented` where the kernel does not let us see them.
 */
export async function* watchAllDrops(directory: () => Directory, signal: AbortSignal): AsyncGenerator<DropLine> {
  const backlog = new Backlog<EventRecord>(CAPACITY);
  using watch = openWatch((record) => backlog.add(record));
  using rules = new DropRules();
  while (!signal.aborted) {
    const known = directory();
    const places = new PlaceMap(known);
    rules.keepOnly(new Set(places.namespaces()));
    for (const namespace of places.namespaces()) {
      watch.add(namespace);
      rules.look(namespace, places.namespaceOf(namespace) ?? '');
    }
    const records = backlog.take();
    rules.turn();
    const ruleOf = (record: EventRecord): RuleStep | undefined => droppingRule(record, watch.reasons, rules, places);
    const placeName = (inode: number): string => places.nameOf(inode);
    yield* linesOf(records, watch.reasons, { directory: known, placeName, ruleOf });
    rules.turn();
    await sleep(INTERVAL, undefined, { signal }).catch(() => undefined);
  }
}

/** The rule that has dropped it, as far as one of its flow was looked at; the next one will be. */
function droppingRule(
  { namespace, bytes, reason }: EventRecord,
  reasons: ReadonlyMap<number, string>,
  rules: DropRules,
  places: PlaceMap,
): RuleStep | undefined {
  const header = reasons.get(reason) === 'NETFILTER_DROP' ? readPacketHeader(bytes) : undefined;
  const name = places.namespaceOf(namespace);
  if (header === undefined || name === undefined) return undefined;
  const rule = rules.ruleOf(namespace, header);
  if (rule === undefined) rules.expect(namespace, name, header);
  return rule;
}

function openWatch(handler: (record: EventRecord) => void): DropWatch {
  try {
    return watchDrops(handler);
  } catch (error) {
    throw new FairleadError('not-implemented', `this kernel does not let us see drops: ${messageOf(error)}`);
  }
}

/** Who is who, and which rule has dropped a packet. */
interface DropNames {
  readonly directory: Directory;
  readonly placeName: (namespace: number) => string;
  readonly ruleOf?: (record: EventRecord) => RuleStep | undefined;
}

/** What is told of drops, and last of those that there was no room for: they came after these. */
export function linesOf(
  { kept, missed }: ReturnType<Backlog<EventRecord>['take']>,
  reasons: ReadonlyMap<number, string>,
  names: DropNames,
): DropLine[] {
  const reports = summarizeDrops(kept, reasons, names);
  if (missed === 0) return reports;
  const notice = `packets are dropped faster than is read here: ${missed} are missing`;
  return [...reports, { notice, code: 'lost' }];
}

/** Put drops together that differ in nothing that is shown. */
export function summarizeDrops(
  records: readonly EventRecord[],
  reasons: ReadonlyMap<number, string>,
  names: DropNames,
): DropReport[] {
  const reports = new Map<string, DropReport>();
  for (const record of records) {
    const report = reportOf(record, reasons, names);
    if (report === undefined) continue;
    const { place, device, reason, source, destination, protocol } = report;
    const key = [place, device, reason, withoutPort(source), destination, protocol].join(' ');
    const known = reports.get(key);
    const rule = report.rule ?? known?.rule;
    const same = known === undefined ? report : { ...known, count: known.count + 1 };
    reports.set(key, { ...same, ...(rule && { rule }) });
  }
  return [...reports.values()];
}

/** False for what is no loss. */
export function isMeaningful(reason: string, { destination }: { readonly destination: string }): boolean {
  return !meaningless.has(reason) && !isForMany(destination);
}

/** Most who get a multicast or a broadcast have no use for it. */
function isForMany(destination: string): boolean {
  return /^ff|^2(2[4-9]|3\d)\.|\.255$/.test(destination);
}

/** Each connection comes from another port; an address of IPv6 alone has colons and none. */
function withoutPort(end: string): string {
  return end.replace(/^(\[.*\]|[^:]*):\d+$/, '$1');
}

const protocols: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmp', 132: 'sctp' };

function reportOf(
  record: EventRecord,
  reasons: ReadonlyMap<number, string>,
  { directory, placeName, ruleOf }: DropNames,
): DropReport | undefined {
  const header = readPacketHeader(record.bytes);
  const reason = reasons.get(record.reason) ?? `reason ${record.reason}`;
  if (header === undefined || !isMeaningful(reason, header)) return undefined;
  const sender = strangerBehind(directory, record.device?.name, header);
  const [from, to] = [header.source, header.destination].map((address) => ownerOf(directory, address)?.container.name);
  const says = icmpText(header);
  const rule = ruleOf?.(record);
  const protocol = protocols[header.protocol] ?? `protocol ${header.protocol}`;
  return {
    time: Date.now(),
    place: placeName(record.namespace),
    ...(record.device && { device: record.device.name }),
    reason,
    function: record.function,
    source: endText(header, 'source'),
    destination: endText(header, 'destination'),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(sender !== undefined && { sender }),
    protocol: says === undefined ? protocol : `${protocol} ${says}`,
    ...(rule && { rule: shortened(rule) }),
    count: 1,
  };
}

function shortened({ owner, family, table, chain, text }: RuleStep): NonNullable<DropReport['rule']> {
  return { owner, family, table, chain, text };
}

/** The container at whose port it was dropped, when it cannot have been meant for it, nor sent by it as itself. */
function strangerBehind(
  directory: Directory,
  device: string | undefined,
  { source, destination }: { readonly source: string; readonly destination: string },
): string | undefined {
  const container = containerBehind(directory, device)?.container;
  const own = container?.attachments.flatMap(({ ipv4, ipv6 }): (string | undefined)[] => [ipv4, ipv6]) ?? [];
  return own.includes(source) || own.includes(destination) ? undefined : container?.name;
}
