import type { Action, Invocation } from '../command/command.ts';
import { singleOption } from '../command/option-values.ts';
import type { Options } from '../command/options.ts';
import { refusal } from '../command/refusal.ts';
import { changeCluster } from './cluster-change.ts';
import { authoritySection, changedSpec } from './cluster-spec.ts';
import { pemFile } from './external-authority.ts';
import { unlockKey, unlockText } from './tokens.ts';
import type { Cluster, ClusterSpec } from './wire.ts';

/** `fairlead swarm update`. */
export const update: Action = async (invocation) => {
  const { options, engine, print } = invocation;
  if (!options.has(...changes)) return await showHelp(invocation);
  const { Spec } = await changeCluster(engine, (cluster) =>
    changedSpec(cluster.Spec, options, cluster.TLSInfo?.TrustRoot),
  );
  print('Swarm updated.');
  const wasLocked = Spec.EncryptionConfig?.AutoLockManagers === true;
  if (options.flag('autolock') && !wasLocked) print(unlockText(await unlockKey(engine)));
  return 0;
};

const changes = [
  'autolock',
  'cert-expiry',
  'dispatcher-heartbeat',
  'external-ca',
  'max-snapshots',
  'snapshot-interval',
  'task-history-limit',
];

/** Nothing to do is no mistake: docker shows what there is to do. */
async function showHelp({ commands, print }: Invocation): Promise<number> {
  const { commandHelp } = await import('../command/word-parser.ts');
  const own = commands.find(({ words }) => words.join(' ') === 'swarm update');
  if (own !== undefined) print(commandHelp(own).trimEnd());
  return 0;
}

/** `fairlead swarm ca`: the root certificate, or another one in its place. */
export const authority: Action = async ({ options, engine, print }) => {
  const own = { certificate: singleOption(options, 'ca-cert', pemFile), key: singleOption(options, 'ca-key', pemFile) };
  const rotates = options.flag('rotate');
  if (rotates) await changeCluster(engine, ({ Spec }) => rotatedSpec(Spec, options, own));
  if (rotates && options.flag('detach')) return 0;
  const { TLSInfo } = await engine.ask<Cluster>('GET', '/swarm');
  const alone = ['ca-cert', 'ca-key', 'cert-expiry', 'external-ca'].find((name) => options.has(name));
  if (!rotates && alone !== undefined) {
    throw refusal(`\`--${alone}\` flag requires the \`--rotate\` flag to update the CA`);
  }
  if (!TLSInfo?.TrustRoot) throw refusal('No CA information available');
  if (!rotates || !options.flag('quiet')) print(TLSInfo.TrustRoot.trim());
  return 0;
};

/** An authority that is given in PEM; a new one is made when none is. */
function rotatedSpec(
  spec: ClusterSpec,
  options: Options,
  { certificate, key }: { readonly certificate?: string | undefined; readonly key?: string | undefined },
): ClusterSpec {
  const isExternal = options.has('external-ca');
  if (isExternal && certificate === undefined) throw refusal(needsCertificate);
  if (certificate !== undefined && key === undefined && !isExternal) throw refusal(needsKey);
  const { CAConfig = spec.CAConfig } = authoritySection(spec, options, certificate);
  return {
    ...spec,
    CAConfig: {
      ...CAConfig,
      SigningCACert: certificate ?? '',
      SigningCAKey: key ?? '',
      ...(certificate === undefined && key === undefined && { ForceRotate: (CAConfig?.ForceRotate ?? 0) + 1 }),
    },
  };
}

const needsCertificate =
  "rotating to an external CA requires the `--ca-cert` flag to specify the external CA's cert - to add an external CA " +
  'with the current root CA certificate, use the `update` command instead';
const needsKey = 'the --ca-cert flag requires that a --ca-key flag and/or --external-ca flag be provided as well';
