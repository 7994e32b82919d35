import type { Directory } from '../model/directory.ts';
import type { Sighting } from '../model/hops.ts';
import type { Hop } from '../model/report.ts';
import { packetLength } from '../packet/packet-header.ts';
import { recordField } from '../program/event-record.ts';
import { captureNames } from './capture-plan.ts';
import { enhancedPacket, interfaceDescription, linkType, nameResolution, sectionHeader } from './pcapng.ts';

/** Bytes of a packet that a trace's programs keep. */
const KEPT = recordField.packet.length;

/** What goes into the file of a trace. */
export interface TraceFileMaterial {
  /** In order, one for each hop; those without bytes, which were told from rules, are left out. */
  readonly sightings: readonly Sighting[];
  readonly hops: readonly Hop[];
  readonly directory: Directory;
  /** Nanoseconds to add to the monotonic clock for the time of day. */
  readonly clockOffset: bigint;
}

/** The packets of a trace as a pcapng file: an interface for each place, and what happened there beside each packet. */
export function traceFile({ sightings, hops, directory, clockOffset }: TraceFileMaterial): Uint8Array {
  const numbers = new Map<string, number>();
  const blocks = [sectionHeader('fairlead trace'), nameResolution(captureNames(directory))];
  for (const [index, sighting] of sightings.entries()) {
    const hop = hops[index];
    if (hop === undefined || sighting.bytes === undefined) continue;
    const name = hop.device === undefined ? hop.place : `${hop.place}:${hop.device}`;
    const { family } = sighting.carrier?.header ?? sighting.header;
    const key = `${name} ${family}`;
    if (!numbers.has(key)) {
      numbers.set(key, numbers.size);
      const type = family === 4 ? linkType.ipv4 : linkType.ipv6;
      blocks.push(interfaceDescription({ name, linkType: type, snapLength: KEPT }));
    }
    const length = packetLength(sighting.bytes);
    blocks.push(
      enhancedPacket({
        interface: numbers.get(key) ?? 0,
        time: sighting.time + clockOffset,
        bytes: sighting.bytes.subarray(0, Math.min(length, KEPT)),
        length,
        ...(hop.event !== 'dropped' && { direction: hop.event === 'sent' ? 'out' : 'in' }),
        comment: commentOf(hop, index + 1),
      }),
    );
  }
  return Buffer.concat(blocks);
}

/** `hop 4, request, host br-app: dropped, NETFILTER_DROP in nft_do_chain; iptables: ip filter FORWARD policy drop`. */
function commentOf(
  { role, place, device, event, reason, function: where, rewrites, rules, carrier }: Hop,
  number: number,
): string {
  const why = reason === undefined ? '' : `, ${reason}${where === undefined ? '' : ` in ${where}`}`;
  const notes = [
    ...(carrier === undefined ? [] : [`in ${carrier.text}`]),
    ...rewrites.map(({ field, from, to }) => `${field}: ${from} ⇒ ${to}`),
    ...rules.map(({ owner, family, table, chain, text, verdict }) => {
      const rule = `${owner}: ${family} ${table} ${chain} ${text}`;
      return text.endsWith(verdict) ? rule : `${rule} ⇒ ${verdict}`;
    }),
  ];
  return [`hop ${number}, ${role}, ${place}${device === undefined ? '' : ` ${device}`}: ${event}${why}`, ...notes].join(
    '; ',
  );
}
