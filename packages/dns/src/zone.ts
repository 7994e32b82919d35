import { familyOf, type IpAddress, type PortProtocol } from '@fairlead/base';
import type { Question, ResourceRecord } from './message.ts';
import { addressOfReverseName, fitsMessage, foldName } from './name.ts';
import { type RecordData, typeNumberOf } from './record-data.ts';
import { classInternet, recordType, responseCode } from './record-type.ts';

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
 * A known name without an address of the wanted family, and the mail exchange of a known name, are answered with no
 * records rather than asked outside: an NXDOMAIN from there would make the asker's resolver deny the whole name.
 */
export function answer(view: ZoneView, question: Question, options: ZoneOptions): ZoneAnswer {
  if (question.class !== classInternet) return forward;
  switch (question.type) {
    case recordType.A:
    case recordType.AAAA:
      return answerAddress(view, question, options);
    case recordType.MX:
      if (view.lookup(question.name) !== undefined) return noData;
      return answerFurther(view, question, options) ?? forward;
    case recordType.PTR:
      return answerReverse(view, question, options);
    default:
      return answerFurther(view, question, options) ?? forward;
  }
}

/** What is known of a name beside addresses of containers; what somebody has written comes first. */
function answerFurther(view: ZoneView, question: Question, options: ZoneOptions): ZoneAnswer | undefined {
  return answerWritten(view, question, options) ?? answerService(view, question, options);
}

function answerAddress(view: ZoneView, question: Question, { ttl, ndotsSet }: ZoneOptions): ZoneAnswer {
  const addresses = view.lookup(question.name);
  if (addresses !== undefined)
    return { kind: 'local', records: addressRecords(question.name, question.type, addresses, ttl) };
  const further = answerFurther(view, question, { ttl, ndotsSet });
  return further ?? (ndotsSet && isSingleLabel(question.name) ? noData : forward);
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
 * is written has no such data. Names of containers come before what is written of them.
 */
function answerWritten(view: ZoneView, question: Question, { ttl }: ZoneOptions): ZoneAnswer | undefined {
  const { type } = question;
  const records: ResourceRecord[] = [];
  let { name } = question;
  for (let step = 0; step < LONGEST_CHAIN; step++) {
    const isAddress = type === recordType.A || type === recordType.AAAA;
    const addresses = isAddress && step > 0 ? view.lookup(name) : undefined;
    if (addresses) return { kind: 'local', records: [...records, ...addressRecords(name, type, addresses, ttl)] };
    const written = view.written?.(name);
    if (written === undefined) return step === 0 ? undefined : { kind: 'alias', records, target: name };
    const alias = type === recordType.CNAME ? undefined : written.find((data) => data.type === 'CNAME');
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

function answerReverse(view: ZoneView, question: Question, { ttl }: ZoneOptions): ZoneAnswer {
  const address = addressOfReverseName(question.name);
  const target = address === undefined ? undefined : view.reverse(address);
  // A container's name may be longer than a label can be.
  if (target === undefined || !fitsMessage(target)) return forward;
  return { kind: 'local', records: [{ name: question.name, ttl, data: { type: 'PTR', target } }] };
}

function isSingleLabel(name: string): boolean {
  return name !== '' && !name.includes('.');
}
