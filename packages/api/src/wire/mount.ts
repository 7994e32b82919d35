import { FairleadError } from '@fairlead/base';
import type { MountRequest, MountView } from '@fairlead/engine';
import * as v from 'valibot';
import { goBoolean, goInteger, goObject, goString } from './go-json.ts';

/** One entry of `HostConfig.Mounts`. */
export const mountSchema = goObject({
  Type: goString,
  Source: goString,
  Target: goString,
  ReadOnly: goBoolean,
  BindOptions: v.optional(goObject({ Propagation: goString })),
  TmpfsOptions: v.optional(goObject({ SizeBytes: goInteger })),
});

const mountTypes = ['bind', 'volume', 'tmpfs'] as const;

/**
 * A `--mount` as the engine has it.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function parseMount(mount: v.InferOutput<typeof mountSchema>): MountRequest {
  const type = mountTypes.find((name) => name === mount.Type);
  const fault = (text: string): FairleadError =>
    new FairleadError('invalid-argument', `invalid mount config for type ${JSON.stringify(mount.Type)}: ${text}`);
  if (type === undefined) throw fault('mount type unknown');
  if (mount.Target === '') throw fault('field Target must not be empty');
  if (!mount.Target.startsWith('/')) throw fault(`invalid mount path: '${mount.Target}' mount path must be absolute`);
  if (type === 'bind' && mount.Source === '') throw fault('field Source must not be empty');
  if (type === 'bind' && !mount.Source.startsWith('/')) {
    throw fault(`invalid mount path: '${mount.Source}' mount path must be absolute`);
  }
  if (type === 'tmpfs' && mount.Source !== '') throw fault('field Source must not be specified');
  const propagation = mount.BindOptions?.Propagation ?? '';
  const size = mount.TmpfsOptions?.SizeBytes ?? 0;
  return {
    type,
    source: mount.Source,
    target: mount.Target,
    readOnly: mount.ReadOnly,
    ...(propagation !== '' && { propagation }),
    ...(size !== 0 && { size }),
  };
}

/** A `--mount` as `HostConfig.Mounts` shows it. */
export function presentMountRequest(mount: MountRequest) {
  return {
    Type: mount.type,
    ...(mount.source !== '' && { Source: mount.source }),
    Target: mount.target,
    ...(mount.readOnly && { ReadOnly: true }),
    ...(mount.propagation !== undefined && { BindOptions: { Propagation: mount.propagation } }),
    ...(mount.size !== undefined && { TmpfsOptions: { SizeBytes: mount.size } }),
  };
}

/** A mount as a container has it. */
export function presentMount(mount: MountView) {
  return {
    Type: mount.type,
    ...(mount.name !== undefined && { Name: mount.name }),
    Source: mount.source,
    Destination: mount.destination,
    ...(mount.type === 'volume' && { Driver: 'local' }),
    Mode: mount.mode,
    RW: mount.readWrite,
    Propagation: mount.propagation,
  };
}
