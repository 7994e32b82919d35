import { familyOf, type IpAddress } from '@fairlead/base';
import type { Question, ResourceRecord } from './message.ts';
import { addressOfReverseName, fitsMessage } from './name.ts';
import { classInternet, recordType } from './record-type.ts';

/** The names that one asker sees. */
export interface ZoneView {
  /** Addresses of a name, both families; `undefined` when the asker knows no such name. */
  lookup(name: string): readonly IpAddress[] | undefined;
  /** `<container name>.<network name>` of an address; `undefined` when the asker knows no such address. */
  reverse(address: IpAddress): string | undefined;
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
  /** NOERROR with these records; none of them means that the name exists without such data. */
  | { readonly kind: 'local'; readonly records: readonly ResourceRecord[] }
  /** Not ours: ask outside. */
  | { readonly kind: 'forward' };

const forward: ZoneAnswer = { kind: 'forward' };
const noData: ZoneAnswer = { kind: 'local', records: [] };

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
      return view.lookup(question.name) === undefined ? forward : noData;
    case recordType.PTR:
      return answerReverse(view, question, options);
    default:
      return forward;
  }
}

function answerAddress(view: ZoneView, question: Question, { ttl, ndotsSet }: ZoneOptions): ZoneAnswer {
  const addresses = view.lookup(question.name);
  if (addresses === undefined) return ndotsSet && isSingleLabel(question.name) ? noData : forward;
  const [family, type] = question.type === recordType.A ? ([4, 'A'] as const) : ([6, 'AAAA'] as const);
  const records = addresses
    .filter((address) => familyOf(address) === family)
    .map((address) => ({ name: question.name, ttl, data: { type, address } }));
  return { kind: 'local', records };
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
