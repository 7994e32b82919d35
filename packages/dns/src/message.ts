import { FairleadError, messageOf } from '@fairlead/base';
import { MessageWriter } from './message-writer.ts';
import { readName } from './name.ts';
import { type RecordData, readRecordData, typeNumberOf, writeRecordData } from './record-data.ts';
import { classInternet, recordType } from './record-type.ts';

/** Octets before the question (RFC 1035, section 4.1.1). */
export const HEADER_OCTETS = 12;

/** What is asked. */
export interface Question {
  /** Presentation form, spelled as asked. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

/** One record of an answer. */
export interface ResourceRecord {
  readonly name: string;
  /** Seconds for which the record may be kept. */
  readonly ttl: number;
  /** Absent means Internet. */
  readonly class?: number;
  readonly data: RecordData;
}

/** What the OPT pseudo record carries (RFC 6891). */
export interface Edns {
  /** Largest UDP message that the sender takes. */
  readonly payloadSize: number;
  readonly dnssecOk?: boolean;
  readonly version?: number;
  /** High eight bits of the response code. */
  readonly extendedCode?: number;
  /** The options as they lie on the wire. */
  readonly options?: Uint8Array;
}

/** A DNS message as a value. Flags that are absent are false, sections that are absent are empty. */
export interface Message {
  readonly id: number;
  readonly response?: boolean;
  readonly opcode?: number;
  readonly authoritative?: boolean;
  readonly truncated?: boolean;
  readonly recursionDesired?: boolean;
  readonly recursionAvailable?: boolean;
  readonly authenticData?: boolean;
  readonly checkingDisabled?: boolean;
  readonly code?: number;
  readonly questions?: readonly Question[];
  readonly answers?: readonly ResourceRecord[];
  readonly authorities?: readonly ResourceRecord[];
  /** Without the OPT record, which is `edns`. */
  readonly additionals?: readonly ResourceRecord[];
  readonly edns?: Edns;
}

const flagBits = {
  response: 0x8000,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
  authenticData: 0x0020,
  checkingDisabled: 0x0010,
} as const;
const flagNames = Object.keys(flagBits) as (keyof typeof flagBits)[];
const DNSSEC_OK = 0x8000;

/**
 * The message as octets, names compressed.
 *
 * @throws FairleadError `invalid-argument` when a name in it does not fit into a message.
 */
export function encodeMessage(message: Message): Uint8Array<ArrayBuffer> {
  const { questions = [], answers = [], authorities = [], additionals = [], edns } = message;
  const writer = new MessageWriter();
  writer.u16(message.id).u16(flagsOf(message)).u16(questions.length).u16(answers.length);
  writer.u16(authorities.length).u16(additionals.length + (edns === undefined ? 0 : 1));
  for (const question of questions) writer.name(question.name).u16(question.type).u16(question.class);
  for (const record of answers) writeRecord(writer, record);
  for (const record of authorities) writeRecord(writer, record);
  for (const record of additionals) writeRecord(writer, record);
  if (edns !== undefined) writeEdns(writer, edns);
  return writer.finish();
}

/**
 * Read a whole message.
 *
 * @throws FairleadError `invalid-argument` for anything that is cut off, does not fit its type or loops.
 */
export function decodeMessage(octets: Uint8Array): Message {
  try {
    return readMessage(octets);
  } catch (error) {
    throw new FairleadError('invalid-argument', `malformed DNS message: ${messageOf(error)}`, { cause: error });
  }
}

function readMessage(octets: Uint8Array): Message {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  const flags = view.getUint16(2);
  const questions: Question[] = [];
  let offset = HEADER_OCTETS;
  for (let left = view.getUint16(4); left > 0; left--) {
    const { name, end } = readName(octets, offset);
    questions.push({ name, type: view.getUint16(end), class: view.getUint16(end + 2) });
    offset = end + 4;
  }
  let edns: Edns | undefined;
  const [answers = [], authorities = [], additionals = []] = [6, 8, 10].map((count) => {
    const records: ResourceRecord[] = [];
    for (let left = view.getUint16(count); left > 0; left--) {
      const read = readRecord(octets, view, offset);
      if ('edns' in read) edns ??= read.edns;
      else records.push(read.record);
      offset = read.end;
    }
    return records;
  });
  const set = flagNames.filter((name) => (flags & flagBits[name]) !== 0).map((name) => [name, true]);
  return {
    id: view.getUint16(0),
    ...Object.fromEntries(set),
    opcode: (flags >> 11) & 15,
    code: flags & 15,
    questions,
    answers,
    authorities,
    additionals,
    ...(edns === undefined ? {} : { edns }),
  };
}

type ReadRecord = { readonly end: number } & ({ readonly record: ResourceRecord } | { readonly edns: Edns });

function readRecord(octets: Uint8Array, view: DataView, start: number): ReadRecord {
  const { name, end: at } = readName(octets, start);
  const type = view.getUint16(at);
  const classNumber = view.getUint16(at + 2);
  const ttl = view.getUint32(at + 4);
  const from = at + 10;
  const end = from + view.getUint16(at + 8);
  if (end > octets.length) throw new RangeError('record is cut off');
  if (type === recordType.OPT) {
    const options = octets.slice(from, end);
    return { end, edns: { ...ednsOf(classNumber, ttl), ...(options.length === 0 ? {} : { options }) } };
  }
  // RFC 2181, section 8: a TTL with the highest bit set counts as zero.
  const record = { name, ttl: ttl > 0x7fffffff ? 0 : ttl, data: readRecordData(octets, type, from, end) };
  return { end, record: classNumber === classInternet ? record : { ...record, class: classNumber } };
}

function ednsOf(payloadSize: number, bits: number): Edns {
  return {
    payloadSize,
    dnssecOk: (bits & DNSSEC_OK) !== 0,
    version: (bits >>> 16) & 255,
    extendedCode: bits >>> 24,
  };
}

function writeRecord(writer: MessageWriter, record: ResourceRecord): void {
  writer.name(record.name).u16(typeNumberOf(record.data));
  writer.u16(record.class ?? classInternet).u32(record.ttl);
  writer.counted(() => writeRecordData(writer, record.data));
}

function writeEdns(writer: MessageWriter, edns: Edns): void {
  const { payloadSize, dnssecOk = false, version = 0, extendedCode = 0, options = new Uint8Array() } = edns;
  writer.u8(0).u16(recordType.OPT).u16(payloadSize);
  writer
    .u8(extendedCode)
    .u8(version)
    .u16(dnssecOk ? DNSSEC_OK : 0);
  writer.counted(() => writer.bytes(options));
}

function flagsOf(message: Message): number {
  const bits = flagNames.reduce((flags, name) => (message[name] === true ? flags | flagBits[name] : flags), 0);
  return bits | ((message.opcode ?? 0) << 11) | (message.code ?? 0);
}
