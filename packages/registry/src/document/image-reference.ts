import { FairleadError } from '@fairlead/base';
import { type Digest, parseDigest } from './digest.ts';

/**
 * The name of an image: `registry/repository[:tag][@digest]`, fully qualified.
 *
 * Grammar and normalisation are those of Docker's reference package: no registry means `docker.io`, and there a name of
 * one component lies in `library/`.
 */
export interface ImageReference {
  /** Registry host with its port. */
  readonly domain: string;
  /** Repository within the registry. */
  readonly path: string;
  readonly tag?: string | undefined;
  readonly digest?: Digest | undefined;
}

const defaultDomain = 'docker.io';
const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const domainComponent = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const host = `(?:${domainComponent}(?:\\.${domainComponent})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const digestPattern = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const repository = `${component}(?:/${component})*`;
const tagPattern = '[\\w][\\w.-]{0,127}';
const grammar = new RegExp(`^(${host})/(${repository})(?::(${tagPattern}))?(?:@(${digestPattern}))?$`);

/**
 * Parse what a user calls an image. No tag is added: see {@link withDefaultTag}.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function parseImageReference(text: string): ImageReference {
  if (/^[a-f0-9]{64}$/.test(text)) {
    throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const { domain, remainder } = splitDomain(text);
  const [remote = ''] = remainder.split(':');
  if (remote.toLowerCase() !== remote) {
    throw invalid(`invalid reference format: repository name (${remote}) must be lowercase`);
  }
  const match = grammar.exec(`${domain}/${remainder}`);
  if (match === null) throw invalid('invalid reference format');
  const [, , path = '', tag, digest] = match;
  if (domain.length + 1 + path.length > 255) throw invalid('repository name must not be more than 255 characters');
  return { domain, path, ...(tag && { tag }), ...(digest && { digest: parseDigest(digest) }) };
}

/** The same reference with `latest` when it has neither tag nor digest. */
export function withDefaultTag(reference: ImageReference): ImageReference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: 'latest' } : reference;
}

/** Repository as a user would call it: `busybox`, not `docker.io/library/busybox`. */
export function familiarName({ domain, path }: ImageReference): string {
  // A path like `a.b/c` would be read as one of the registry `a.b`.
  if (domain !== defaultDomain || splitDomain(path).domain !== defaultDomain) return `${domain}/${path}`;
  return /^library\/[^/]+$/.test(path) ? path.slice('library/'.length) : path;
}

/** Whole reference as a user would write it. */
export function familiarText(reference: ImageReference): string {
  return `${familiarName(reference)}${suffix(reference)}`;
}

/** Whole reference, fully qualified: equal text exactly when equal meaning. */
export function canonicalText(reference: ImageReference): string {
  return `${reference.domain}/${reference.path}${suffix(reference)}`;
}

function suffix({ tag, digest }: ImageReference): string {
  return `${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** A first component without dot, colon or upper-case letter that is not `localhost` is part of the repository. */
function splitDomain(text: string): { domain: string; remainder: string } {
  const slash = text.indexOf('/');
  const first = text.slice(0, Math.max(slash, 0));
  const isDomain = slash >= 0 && (/[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first);
  const domain = isDomain && first !== 'index.docker.io' ? first : defaultDomain;
  const remainder = isDomain ? text.slice(slash + 1) : text;
  const official = domain === defaultDomain && !remainder.includes('/');
  return { domain, remainder: official ? `library/${remainder}` : remainder };
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
