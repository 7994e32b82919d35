import { createHash } from 'node:crypto';
import { FairleadError } from '@fairlead/base';

declare const digestBrand: unique symbol;

/** A content digest, `sha256:` and 64 lower-case hex digits (OCI image spec, descriptor). */
export type Digest = string & { readonly [digestBrand]: true };

/** What a blob is and how to find it (OCI image spec, `descriptor.md`). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

const hexLengths: ReadonlyMap<string, number> = new Map([
  ['sha256', 64],
  ['sha384', 96],
  ['sha512', 128],
]);

/**
 * Parse a digest.
 *
 * @throws FairleadError `invalid-argument` for a malformed one or one of an unknown algorithm.
 */
export function parseDigest(text: string): Digest {
  const [, algorithm, hex] = /^([A-Za-z0-9_+.-]+):([a-zA-Z0-9=_-]+)$/.exec(text) ?? [];
  if (algorithm === undefined || hex === undefined) throw invalid('invalid checksum digest format');
  const length = hexLengths.get(algorithm);
  if (length === undefined) throw invalid('unsupported digest algorithm');
  if (hex.length !== length) throw invalid('invalid checksum digest length');
  if (!/^[0-9a-f]+$/.test(hex)) throw invalid('invalid checksum digest format');
  return text as Digest;
}

/** Diff ID of an archive without files: such a layer is left out (moby, layer.DigestSHA256EmptyTar). */
export const emptyLayer = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef';

/** SHA-256 of some bytes. */
export function digestOf(content: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(content).digest('hex')}` as Digest;
}

/** The first twelve hex digits: how a layer is called in progress lines. */
export function shortDigest(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1).slice(0, 12);
}

/** Descriptor of a JSON document, together with its bytes. */
export function jsonBlob(mediaType: string, document: unknown): { descriptor: Descriptor; bytes: Uint8Array } {
  const bytes = Buffer.from(JSON.stringify(document));
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}

/**
 * Names of the stacked layers as snapshots: each is the digest of the one below and its own diff ID (OCI image spec,
 * `config.md`, layer ChainID).
 */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : digestOf(`${below} ${diffId}`));
  }
  return chain;
}

/**
 * Pass a stream through and check at its end that it was what it should have been.
 *
 * @throws FairleadError `internal` when size or digest differ.
 */
export async function* verified(
  content: AsyncIterable<Uint8Array>,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
): AsyncGenerator<Uint8Array> {
  const hash = createHash(digest.slice(0, digest.indexOf(':')));
  let received = 0;
  for await (const chunk of content) {
    hash.update(chunk);
    received += chunk.length;
    if (received > size) break;
    yield chunk;
  }
  if (received !== size || !digest.endsWith(`:${hash.digest('hex')}`)) {
    throw verificationError(digest);
  }
}

/** A blob is not what its digest or size says, in Docker's words. */
export function verificationError(digest: Digest): FairleadError {
  return new FairleadError('internal', `filesystem layer verification failed for digest ${digest}`);
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
