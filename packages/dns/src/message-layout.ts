import { FairleadError } from '@fairlead/base';
import { HEADER_OCTETS } from './message.ts';
import { skipName } from './name.ts';
import { classInternet, recordType } from './record-type.ts';

/** Where one record of a message lies. */
export interface RecordSpan {
  readonly section: 'answer' | 'authority' | 'additional';
  readonly start: number;
  readonly type: number;
  /** Offset of the 32-bit TTL; the type and class lie before it, the data's length and the data after it. */
  readonly ttlOffset: number;
  readonly end: number;
}

/** Where the parts of a message lie, for handing a message on without understanding its records. */
export interface MessageLayout {
  /** Where the first question ends, which is where the first record begins. */
  readonly questionEnd: number;
  readonly records: readonly RecordSpan[];
}

const sections = [
  { section: 'answer', countOffset: 6 },
  { section: 'authority', countOffset: 8 },
  { section: 'additional', countOffset: 10 },
] as const;

/**
 * Find the parts of a message with exactly one question.
 *
 * @throws FairleadError `invalid-argument` when the message is cut off or has another number of questions.
 */
export function layoutOf(octets: Uint8Array): MessageLayout {
  if (octets.length < HEADER_OCTETS) throw malformed();
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  if (view.getUint16(4) !== 1) throw malformed();
  const questionEnd = skipName(octets, HEADER_OCTETS) + 4;
  if (questionEnd > octets.length) throw malformed();
  const records: RecordSpan[] = [];
  let offset = questionEnd;
  for (const { section, countOffset } of sections) {
    for (let left = view.getUint16(countOffset); left > 0; left--) {
      const record = spanAt(octets, view, offset, section);
      records.push(record);
      offset = record.end;
    }
  }
  return { questionEnd, records };
}

function spanAt(octets: Uint8Array, view: DataView, start: number, section: RecordSpan['section']): RecordSpan {
  const at = skipName(octets, start);
  if (at + 10 > octets.length) throw malformed();
  const end = at + 10 + view.getUint16(at + 8);
  if (end > octets.length) throw malformed();
  return { section, start, type: view.getUint16(at), ttlOffset: at + 4, end };
}

/** Smallest UDP message that every resolver takes (RFC 1035, section 2.3.4), the limit without EDNS. */
const PLAIN_PAYLOAD_OCTETS = 512;

/** The payload size that a request's OPT record allows, never less than 512 (RFC 6891, section 6.2.3). */
export function payloadLimit(request: Uint8Array, layout: MessageLayout): number {
  const edns = layout.records.find(({ type }) => type === recordType.OPT);
  if (edns === undefined) return PLAIN_PAYLOAD_OCTETS;
  const at = edns.ttlOffset - 2;
  return Math.max(PLAIN_PAYLOAD_OCTETS, ((request[at] ?? 0) << 8) | (request[at + 1] ?? 0));
}

/** True for a plain question: opcode QUERY, no response, class Internet. */
export function isPlainQuery(request: Uint8Array, layout: MessageLayout): boolean {
  const classAt = layout.questionEnd - 2;
  return ((request[2] ?? 0xff) & 0xf8) === 0 && (request[classAt] ?? 0) === 0 && request[classAt + 1] === classInternet;
}

/**
 * The response cut to `limit` octets at the boundary of a record. Authority and additional records go first, and
 * silently; when answers go too the TC flag is set. The OPT record is kept.
 */
export function truncate(response: Uint8Array, limit: number): Uint8Array {
  if (response.length <= limit) return response;
  const { questionEnd, records } = layoutOf(response);
  const edns = records.find(({ type }) => type === recordType.OPT);
  const room = limit - (edns === undefined ? 0 : edns.end - edns.start);
  const counts = { answer: 0, authority: 0, additional: 0 };
  let end = questionEnd;
  for (const record of records) {
    if (record.end > room || record === edns) break;
    counts[record.section]++;
    end = record.end;
  }
  const cut = new Uint8Array(end + (edns === undefined ? 0 : edns.end - edns.start));
  cut.set(response.subarray(0, end));
  if (edns !== undefined) cut.set(response.subarray(edns.start, edns.end), end);
  const view = new DataView(cut.buffer);
  if (counts.answer < new DataView(response.buffer, response.byteOffset).getUint16(6)) cut[2] = (cut[2] ?? 0) | 0x02;
  view.setUint16(6, counts.answer);
  view.setUint16(8, counts.authority);
  view.setUint16(10, counts.additional + (edns === undefined ? 0 : 1));
  return cut;
}

function malformed(): FairleadError {
  return new FairleadError('invalid-argument', 'malformed DNS message');
}
