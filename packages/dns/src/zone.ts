import { familyOf, type IpAddress, type PortProtocol } from '@fairlead/base';
import type { Question, ResourceRecord } from './message.ts';
import { addressOfReverseName, fitsMessage, foldName } from './name.ts';
import { type RecordData, typeNumberOf } from './record-data.ts';
import { classInternet, questionOfAnyType, recordType, responseCode } from './record-type.ts';

/** The names that one asker sees. */
export interface ZoneView {
  /** Addresses of a name, both families; `undefined` when the asker knows no such name. */
  lookup(name: string): readonly IpAddress[] | undefined;
  /** `<container name>.<network name>` of an address; `undefined` when the asker knows no such address. */
  reverse(address: IpAddress): string | undefined;
  /** What somebody has written of a name; `undefined` when nobody has. */
  written?(name: string): readonly RecordData[] | undefined;
  /** What those serve whom {@link lookup} finds; `undefined` when the asker knows no such name. */
  services?(host: string): readonly ServiceInstance[] | undefined;
}

/** A port by the name of what is served there (RFC 6335): `http`, in lower case. */
export interface ServicePort {
  readonly service: string;
  readonly protocol: PortProtocol;
  readonly port: number;
}

/** A service of one container. */
export interface ServiceInstance extends ServicePort {
  /** A name that leads to this container alone. */
  readonly target: string;
  readonly addresses: readonly IpAddress[];
}

/** What decides an answer besides the names. */
export interface ZoneOptions {
  /** Seconds for which an asker may keep a local answer. */
  readonly ttl: number;
  /** The user or the host set `ndots`: a single label is then never asked for outside. */
  readonly ndotsSet: boolean;
}

/** What the zone says to a question. */
export type ZoneAnswer =
  /** These records; none of them means that the name exists without such data, unless a code says that it does not. */
  | {
      readonly kind: 'local';
      readonly records: readonly ResourceRecord[];
      /** What the asker will want to know next. */
      readonly additionals?: readonly ResourceRecord[];
      /** Absent means NOERROR. */
      readonly code?: number;
    }
  /** An alias, whose target has to be asked for outside. */
  | { readonly kind: 'alias'; readonly records: readonly ResourceRecord[]; readonly target: string }
  /** Not ours: ask outside. */
  | { readonly kind: 'forward' };

/** Without the service it is a name in between, which has no data and exists with what is below it (RFC 8020). */
const servicePattern = /^(?:_(?<service>[^.]+)\.)?_(?<protocol>tcp|udp|sctp)\.(?<host>.+)$/;

/** Aliases that are followed one after the other; a chain that is longer is most likely a circle. */
const LONGEST_CHAIN = 8;

const forward: ZoneAnswer = { kind: 'forward' };
const noData: ZoneAnswer = { kind: 'local', records: [] };
const noSuchName: ZoneAnswer = { kind: 'local', records: [], code: responseCode.nameError };

/**
 * Answer a question from the names that its asker sees.
 *
 * A name that exists is answered here for every type, with no records (RFC 2308, 2.2) where it has none of the wanted one,
 * and never asked outside: an NXDOMAIN from there would make the asker's resolver deny the whole name (RFC 8020), and who
 * is here is nobody's business there.
 */
export function answer(view: ZoneView, question: Question, options: ZoneOptions): ZoneAnswer {
  if (question.class !== classInternet) return forward;
  const known =
    question.type === questionOfAnyType ? answerAny(view, question, options) : answerKnown(view, question, options);
  if (known !== undefined) return known;
  return isAddressType(question.type) && options.ndotsSet && isSingleLabel(question.name) ? noData : forward;
}

/** One of the sets of records that a name has, to who asks for all of them (RFC 8482, 4.1). */
function answerAny(view: ZoneView, question: Question, options: ZoneOptions): ZoneAnswer | undefined {
  const answers = Object.values(recordType).map((type) => answerKnown(view, { ...question, type }, options));
  return answers.find((found) => found?.kind === 'local' && found.records.length > 0) ?? answers[0];
}

/** The answer to a question about a name that exists; what somebody has written comes before what follows from containers. */
function answerKnown(view: ZoneView, question: Question, options: ZoneOptions): ZoneAnswer | undefined {
  const { name, type } = question;
  const addresses = view.lookup(name);
  if (addresses !== undefined && isAddressType(type)) {
    return { kind: 'local', records: addressRecords(name, type, addresses, options.ttl) };
  }
  return (
    answerWritten(view, question, options) ??
    answerService(view, question, options) ??
    answerReverse(view, question, options) ??
    (addresses === undefined ? undefined : noData)
  );
}

function isAddressType(type: number): boolean {
  return type === recordType.A || type === recordType.AAAA;
}

function addressRecords(
  name: string,
  asked: number,
  addresses: readonly IpAddress[],
  ttl: number,
): readonly ResourceRecord[] {
  const [family, type] = asked === recordType.A ? ([4, 'A'] as const) : ([6, 'AAAA'] as const);
  return addresses
    .filter((address) => familyOf(address) === family)
    .map((address) => ({ name, ttl, data: { type, address } }));
}

/**
 * What somebody has written of a name. Aliases are followed, to names of containers too; a name of which something else
 * is written has no such data. The name of a container is no alias, and its addresses are not what is written of them.
 */
function answerWritten(view: ZoneView, question: Question, options: ZoneOptions): ZoneAnswer | undefined {
  const { ttl } = options;
  const { type } = question;
  const records: ResourceRecord[] = [];
  let { name } = question;
  for (let step = 0; step < LONGEST_CHAIN; step++) {
    const isContainer = view.lookup(name) !== undefined;
    const written = isContainer && isAddressType(type) ? undefined : view.written?.(name);
    if (written === undefined) {
      return step === 0 ? undefined : completed(records, name, answerKnown(view, { ...question, name }, options));
    }
    const alias = isContainer || type === recordType.CNAME ? undefined : written.find((data) => data.type === 'CNAME');
    if (alias === undefined) {
      const matching = written.filter((data) => typeNumberOf(data) === type);
      records.push(...matching.map((data) => ({ name, ttl, data })));
      return { kind: 'local', records, additionals: additionalsOf(view, matching, ttl) };
    }
    records.push({ name, ttl, data: alias });
    name = alias.type === 'CNAME' ? alias.target : name;
  }
  return { kind: 'local', records };
}

/** Where a chain of aliases ends: at a name that is known here, or one to be asked for outside. */
function completed(records: readonly ResourceRecord[], target: string, end: ZoneAnswer | undefined): ZoneAnswer {
  if (end?.kind !== 'local') return { kind: 'alias', records, target };
  return { ...end, records: [...records, ...end.records] };
}

/** Addresses of the hosts that services are on (RFC 2782). */
function additionalsOf(view: ZoneView, services: readonly RecordData[], ttl: number): ResourceRecord[] {
  const targets = new Set(services.flatMap((data) => (data.type === 'SRV' ? [data.target] : [])));
  return [...targets].flatMap((name) => {
    const written = (view.written?.(name) ?? []).flatMap((data) => ('address' in data ? [data.address] : []));
    const addresses = view.lookup(name) ?? written;
    return [recordType.A, recordType.AAAA].flatMap((type) => addressRecords(name, type, addresses, ttl));
  });
}

/**
 * `_http._tcp.web`: a record for each container that is called `web` and serves it (RFC 2782). All have the same priority
 * and weight. Whether such a name exists is ours to say, for `web` is.
 */
function answerService(view: ZoneView, { name, type }: Question, { ttl }: ZoneOptions): ZoneAnswer | undefined {
  const { service, protocol, host } = servicePattern.exec(foldName(name))?.groups ?? {};
  const instances = host === undefined ? undefined : view.services?.(host);
  if (instances === undefined) return undefined;
  const meant = instances.filter((each) => each.protocol === protocol && each.service === (service ?? each.service));
  if (meant.length === 0) return noSuchName;
  if (type !== recordType.SRV || service === undefined) return noData;
  const records = meant.map(({ port, target }): ResourceRecord => {
    return { name, ttl, data: { type: 'SRV', priority: 0, weight: 1, port, target } };
  });
  const additionals = meant.flatMap(({ target, addresses }) =>
    [recordType.A, recordType.AAAA].flatMap((family) => addressRecords(target, family, addresses, ttl)),
  );
  return { kind: 'local', records, additionals };
}

function answerReverse(view: ZoneView, { name, type }: Question, { ttl }: ZoneOptions): ZoneAnswer | undefined {
  const address = addressOfReverseName(name);
  const target = address === undefined ? undefined : view.reverse(address);
  if (target === undefined) return undefined;
  // A container's name may be longer than a label can be.
  if (type !== recordType.PTR || !fitsMessage(target)) return noData;
  return { kind: 'local', records: [{ name, ttl, data: { type: 'PTR', target } }] };
}

function isSingleLabel(name: string): boolean {
  return name !== '' && !name.includes('.');
}
