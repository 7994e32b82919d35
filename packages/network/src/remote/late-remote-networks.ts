import { type Logger, lateModule, messageOf } from '@fairlead/base';
import type { NetworkState } from '../state.ts';
import type { PluginAccess } from './plugin-port.ts';
import type { RemoteNetworks } from './remote-networks.ts';

const remoteModule = lateModule(() => import('./remote-networks.ts'));

/** What deals with plugins, made by the first who needs it; `undefined` where there is no access to any. */
export function lateRemoteNetworks(
  { plugins, logger }: { readonly plugins?: PluginAccess; readonly logger: Logger },
  state: NetworkState,
): (() => Promise<RemoteNetworks>) | undefined {
  if (plugins === undefined) return undefined;
  let remote: Promise<RemoteNetworks> | undefined;
  const make = async () => {
    const [{ RemoteNetworks: Remote }, port] = await Promise.all([remoteModule(), plugins.plugins()]);
    return new Remote(state, port, plugins, logger);
  };
  return () => {
    remote ??= make();
    return remote;
  };
}

/** Tell plugins what a start has to tell them, if there is anything. They may be slower to come up than we are. Never rejects. */
export async function recoverPlugins(
  { debts, networks }: Pick<NetworkState, 'debts' | 'networks'>,
  remote: (() => Promise<RemoteNetworks>) | undefined,
  logger: Logger,
): Promise<void> {
  const isConcerned = [...debts].length > 0 || [...networks].some(({ pools }) => pools !== undefined);
  if (remote === undefined || !isConcerned) return;
  try {
    await (await remote()).recover();
  } catch (error) {
    logger.warn('plugins not told', { error: messageOf(error) });
  }
}
