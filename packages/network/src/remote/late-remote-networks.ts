import { type Logger, lateModule } from '@fairlead/base';
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
