import { durationOption, integerOption, listOption, unsignedOption } from '../command/option-values.ts';
import type { Options } from '../command/options.ts';
import { externalAuthority } from './external-authority.ts';
import type { ClusterSpec } from './wire.ts';

/**
 * The specification of a swarm after the options of `swarm init`, `update` or `ca` (docker/cli,
 * cli/command/swarm/opts.go): what no option speaks of stays.
 *
 * @param trustRoot certificate of external authorities that are given without one.
 * @throws FairleadError `invalid-argument` in docker's words.
 */
export function changedSpec(spec: ClusterSpec, options: Options, trustRoot?: string): ClusterSpec {
  return {
    ...spec,
    ...section('Orchestration', spec, { TaskHistoryRetentionLimit: integerOption(options, 'task-history-limit') }),
    ...section('Dispatcher', spec, { HeartbeatPeriod: durationOption(options, 'dispatcher-heartbeat') }),
    ...section('Raft', spec, {
      KeepOldSnapshots: unsignedOption(options, 'max-snapshots'),
      SnapshotInterval: unsignedOption(options, 'snapshot-interval'),
    }),
    ...section('EncryptionConfig', spec, {
      AutoLockManagers: options.has('autolock') ? options.flag('autolock') : undefined,
    }),
    ...authoritySection(spec, options, trustRoot),
  };
}

/** The part of it that `swarm ca` can change. */
export function authoritySection(
  spec: ClusterSpec,
  options: Options,
  trustRoot?: string,
): Pick<ClusterSpec, 'CAConfig'> {
  const external = listOption(options, 'external-ca', externalAuthority);
  return section('CAConfig', spec, {
    NodeCertExpiry: durationOption(options, 'cert-expiry'),
    ExternalCAs:
      external.length === 0
        ? undefined
        : external.map(({ CACert, ...rest }) => ({ ...rest, CACert: CACert === '' ? (trustRoot ?? '') : CACert })),
  });
}

function section(name: string, spec: ClusterSpec, fields: Readonly<Record<string, unknown>>): ClusterSpec {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  if (given.length === 0) return {};
  return { [name]: { ...(spec[name] as object | undefined), ...Object.fromEntries(given) } };
}
