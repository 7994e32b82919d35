import type { Cluster, ClusterView, IssuerInfo } from '@fairlead/engine';
import * as v from 'valibot';
import { goInteger, goObject, goString, goStrings } from '../go-json.ts';
import { driver, labels, presentMeta } from './annotations.ts';
import { always, flag, integer, list, maybe, named, said, struct, text, texts } from './shape.ts';

const externalCa = struct({
  protocol: always(text, ''),
  url: named('URL', always(text, '')),
  options: maybe(texts),
  caCert: named('CACert', always(text, '')),
});

/** `Spec` of a swarm. */
export const clusterSpec = struct({
  name: maybe(text),
  labels,
  orchestration: always(struct({ taskHistoryRetentionLimit: maybe(said(integer)) }), {}),
  raft: always(
    struct({
      snapshotInterval: maybe(integer),
      keepOldSnapshots: maybe(said(integer)),
      logEntriesForSlowFollowers: maybe(integer),
      electionTick: always(integer, 0),
      heartbeatTick: always(integer, 0),
    }),
    { electionTick: 0, heartbeatTick: 0 },
  ),
  dispatcher: always(struct({ heartbeatPeriod: maybe(integer) }), {}),
  authority: named(
    'CAConfig',
    always(
      struct({
        nodeCertExpiry: maybe(integer),
        externalCas: named('ExternalCAs', maybe(list(externalCa))),
        signingCert: named('SigningCACert', maybe(text)),
        signingKey: named('SigningCAKey', maybe(text)),
        forceRotate: maybe(integer),
      }),
      {},
    ),
  ),
  taskDefaults: always(struct({ logDriver: maybe(driver) }), {}),
  encryption: named(
    'EncryptionConfig',
    always(struct({ autoLockManagers: always(flag, false) }), { autoLockManagers: false }),
  ),
});

const optionalSpec = v.optional(clusterSpec.schema);

/** The body of `POST /swarm/init`. */
export const initSchema = goObject({
  ListenAddr: goString,
  AdvertiseAddr: goString,
  DataPathAddr: goString,
  DataPathPort: goInteger,
  ForceNewCluster: v.optional(v.boolean(), false),
  Spec: optionalSpec,
  AutoLockManagers: v.optional(v.boolean(), false),
  Availability: goString,
  DefaultAddrPool: goStrings,
  SubnetSize: goInteger,
});

/** `TLSInfo` of a swarm and of a node. */
export function presentTls(certificate: string, issuer: IssuerInfo) {
  return {
    TrustRoot: certificate,
    CertIssuerSubject: issuer.subject,
    CertIssuerPublicKey: issuer.publicKey,
  };
}

/** A swarm as `GET /info` has it. */
export function presentCluster(cluster: Cluster, issuer: IssuerInfo) {
  return {
    ...presentMeta(cluster),
    Spec: clusterSpec.show({ ...cluster.spec, taskDefaults: {} }),
    TLSInfo: presentTls(cluster.rootCertificate, issuer),
    RootRotationInProgress: false,
    DefaultAddrPool: cluster.addressPools ?? ['10.0.0.0/8'],
    SubnetSize: cluster.subnetSize,
    DataPathPort: cluster.dataPathPort,
  };
}

/** The answer to `GET /swarm`. */
export function presentSwarm({ cluster, issuer, joinTokens }: ClusterView) {
  return {
    ...presentCluster(cluster, issuer),
    JoinTokens: { Worker: joinTokens.worker, Manager: joinTokens.manager },
  };
}
