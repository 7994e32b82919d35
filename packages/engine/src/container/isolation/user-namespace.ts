import { FairleadError, type IdentityMapping, type Owner, ownerOutside, sameMapping } from '@fairlead/base';
import type { Sandbox } from '@fairlead/network';
import type { EngineSettings } from '../../context.ts';
import type { ContainerConfig } from '../configuration/container-config.ts';
import type { ContainerTable } from '../container-table.ts';

type Settings = Pick<EngineSettings, 'identities'>;

/** Who users and groups of a container are on the host; `undefined` where they are the same, as with `--userns=host`. */
export function identitiesOf(
  { other }: Pick<ContainerConfig, 'other'>,
  settings: Settings,
): IdentityMapping | undefined {
  return other.host['UsernsMode'] === 'host' ? undefined : settings.identities;
}

/** The host's user and group that is root in containers; `undefined` for the host's own. */
export function rootOf(identities: IdentityMapping | undefined): Owner | undefined {
  return identities && ownerOutside(identities, { uid: 0, gid: 0 });
}

/**
 * Check that a container asks for nothing that its user namespace cannot have.
 *
 * @throws FairleadError `invalid-argument` in Docker's words (moby, verifyPlatformContainerSettings).
 */
export function requireFitForUserNamespace(config: Pick<ContainerConfig, 'host' | 'other'>, settings: Settings): void {
  if (identitiesOf(config, settings) === undefined) return;
  const { privileged, networkMode, pidMode } = config.host;
  if (privileged) {
    const remedy = 'You must run the container in the host namespace when running privileged mode';
    refuse(`privileged mode is incompatible with user namespaces.  ${remedy}`);
  }
  if (networkMode === 'host') refuse("cannot share the host's network namespace when user namespaces are enabled");
  if (pidMode === 'host') refuse('cannot share the host PID namespace when user namespaces are enabled');
}

/**
 * Check that the network that a container gets belongs to its user namespace, and so does whatever else it shares: it can be
 * in no other one.
 *
 * @throws FairleadError `conflict`.
 */
export function requireSameUsers(
  { host }: Pick<ContainerConfig, 'host'>,
  sandbox: Pick<Sandbox, 'id' | 'identities'>,
  identities: IdentityMapping | undefined,
  table: Pick<ContainerTable, 'find'>,
): void {
  if (identities === undefined) return;
  if (!sameMapping(identities, sandbox.identities)) {
    throw new FairleadError('conflict', 'cannot join network of a container with another user namespace');
  }
  for (const [kind, mode] of Object.entries({ PID: host.pidMode, IPC: host.ipcMode })) {
    if (!mode.startsWith('container:') || table.find(mode.slice('container:'.length)).sandbox === sandbox.id) continue;
    const remedy = 'share its network too, or use --userns=host for both';
    throw new FairleadError('conflict', `cannot join ${kind} of a container with another user namespace: ${remedy}`);
  }
}

function refuse(message: string): never {
  throw new FairleadError('invalid-argument', message);
}
