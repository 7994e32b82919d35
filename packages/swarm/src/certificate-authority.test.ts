import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { givenRootAuthority, issuerOf, newJoinToken, newRootAuthority } from './certificate-authority.ts';

test('a root signs itself, is an authority, and says who it is', () => {
  const root = newRootAuthority();
  const certificate = new X509Certificate(root.certificate);
  assert.ok(certificate.verify(certificate.publicKey));
  assert.deepEqual([certificate.ca, certificate.subject, certificate.issuer], [true, 'CN=swarm-ca', 'CN=swarm-ca']);
  assert.ok(Date.parse(certificate.validTo) > Date.now() + 19 * 365 * 24 * 3600 * 1000);
  assert.equal(issuerOf(root.certificate).subject, 'MBMxETAPBgNVBAMTCHN3YXJtLWNh');
  assert.match(newJoinToken(root.certificate), /^SWMTKN-1-[0-9a-z]{50}-[0-9a-z]{25}$/);
});

test('a root that is good for longer than 2049 says so', () => {
  const certificate = new X509Certificate(newRootAuthority(Date.UTC(2031, 5, 1)).certificate);
  assert.ok(certificate.verify(certificate.publicKey));
  assert.equal(new Date(certificate.validFrom).getUTCFullYear(), 2031);
  assert.equal(new Date(certificate.validTo).getUTCFullYear(), 2051);
});

test('a root that is brought has to be one, with its key', () => {
  const [one, other] = [newRootAuthority(), newRootAuthority()];
  assert.equal(givenRootAuthority(one.certificate, one.key).certificate, one.certificate);
  assert.throws(() => givenRootAuthority(one.certificate, other.key), /certificate key mismatch/);
  assert.throws(() => givenRootAuthority('x', one.key), /could not parse the desired CA certificate/);
  assert.throws(() => givenRootAuthority(one.certificate + other.certificate, one.key), /multiple certificates/);
  const old = newRootAuthority(Date.now() - 20 * 365 * 24 * 3600 * 1000);
  assert.throws(() => givenRootAuthority(old.certificate, old.key), /expires too soon/);
});
