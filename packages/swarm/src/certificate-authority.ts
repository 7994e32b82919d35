import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { newSwarmIdentifier } from '@fairlead/base';
import { der, oid, time } from './der.ts';
import { refusal } from './refusal.ts';

/** The root of a swarm's certificates. */
export interface RootAuthority {
  /** PEM. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
}

/** What clients are shown of a root certificate: DER of its issuer's name and key in base64. */
export interface IssuerInfo {
  readonly subject: string;
  readonly publicKey: string;
}

/** Swarmkit's roots are good for twenty years. */
const VALIDITY_MS = 20 * 365 * 24 * 3600 * 1000;
/** A root that is brought has to be good for a year yet. */
const MINIMUM_VALIDITY_MS = 365 * 24 * 3600 * 1000;
/** Machines' clocks differ. */
const BACKDATE_MS = 3600 * 1000;

const names = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  subjectKeyIdentifier: '2.5.29.14',
};

/** A new root, signed by itself: ECDSA on P-256 with SHA-256, as swarmkit's (RFC 5280). */
export function newRootAuthority(now = Date.now()): RootAuthority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const algorithm = der('sequence', oid(names.ecdsaWithSha256));
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const body = der(
    'sequence',
    der(0xa0, der('integer', Buffer.from([2]))),
    der('integer', Buffer.from([1]), randomBytes(15)),
    algorithm,
    distinguishedName('swarm-ca'),
    der('sequence', time(now - BACKDATE_MS), time(now + VALIDITY_MS)),
    distinguishedName('swarm-ca'),
    spki,
    der(0xa3, der('sequence', ...extensionsOf(spki))),
  );
  const signature = sign('sha256', body, privateKey);
  const certificate = der('sequence', body, algorithm, der('bits', Buffer.from([0]), signature));
  const key = privateKey.export({ type: 'sec1', format: 'pem' }).toString();
  return { certificate: new X509Certificate(certificate).toString(), key };
}

/**
 * The root that somebody brings.
 *
 * @throws FairleadError `invalid-argument` in swarmkit's words for what is no pair of certificate and key.
 */
export function givenRootAuthority(certificate: string, key: string): RootAuthority {
  if ((certificate.match(/-----BEGIN CERTIFICATE-----/g) ?? []).length > 1)
    throw refusal('invalid-argument', 'the desired CA certificate cannot contain multiple certificates');
  const parsed = parsedCertificate(certificate);
  if (Date.parse(parsed.validTo) < Date.now() + MINIMUM_VALIDITY_MS)
    throw refusal('invalid-argument', 'CA certificate expires too soon');
  if (!belongTogether(parsed, key)) throw refusal('invalid-argument', 'certificate key mismatch');
  return { certificate: parsed.toString(), key };
}

/** What clients are shown of a root. */
export function issuerOf(certificate: string): IssuerInfo {
  const parsed = new X509Certificate(certificate);
  const publicKey = parsed.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  return { subject: distinguishedName(commonNameOf(parsed)).toString('base64'), publicKey };
}

/** A token to join with: what the root's certificate hashes to, and a secret (swarmkit, ca/certificates.go). */
export function newJoinToken(certificate: string): string {
  const digest = createHash('sha256').update(certificate).digest();
  return `SWMTKN-1-${BigInt(`0x${digest.toString('hex')}`)
    .toString(36)
    .padStart(50, '0')}-${newSwarmIdentifier()}`;
}

function parsedCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw refusal('invalid-argument', 'could not parse the desired CA certificate');
  }
}

function belongTogether(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

function commonNameOf({ subject }: X509Certificate): string {
  return /^CN=(.*)$/m.exec(subject)?.[1] ?? '';
}

function distinguishedName(commonName: string): Buffer {
  const attribute = der('sequence', oid(names.commonName), der(0x13, Buffer.from(commonName)));
  return der('sequence', der('set', attribute));
}

/** It may sign certificates and nothing below it may have authorities of its own. */
function extensionsOf(spki: Uint8Array): Buffer[] {
  const critical = der(0x01, Buffer.from([0xff]));
  const identifier = createHash('sha1').update(spki.subarray(-65)).digest();
  return [
    der('sequence', oid(names.keyUsage), critical, der('octets', der('bits', Buffer.from([1, 0x06])))),
    der('sequence', oid(names.basicConstraints), critical, der('octets', der('sequence', critical))),
    der('sequence', oid(names.subjectKeyIdentifier), der('octets', der('octets', identifier))),
  ];
}
