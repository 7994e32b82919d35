import { type ContainerTable, type EngineContext, Images, imagesOf, isUp } from '@fairlead/engine';
import { mountWithIdentities, namespacePath, openOwner, openUnixDatagram } from '@fairlead/kernel';
import type { NetworkController } from '@fairlead/network';
import { readHostFacts } from '@fairlead/runtime';
import type { Foundation } from './foundation.ts';
import { fileSystems, files, pipeCalls } from './kernel-calls.ts';
import { registrySettings } from './registry-settings.ts';
import { isForwardingLacking } from './system-info.ts';

/** What the engine works with: the daemon's foundation, the network, and what the kernel does for it besides. */
export function engineContext(foundation: Foundation, network: NetworkController): EngineContext {
  const { store, containerd, names, events, plugins, logger } = foundation;
  return {
    ...{ store, network, events, logger },
    containerd: containerd.client,
    images: imagesOn(foundation),
    keeper: names,
    ...{ pipeCalls, fileSystems, files, mountWithIdentities, namespacePath, openUnixDatagram },
    volumePlugins: plugins,
    openOwner: (name) => openOwner(namespacePath(name)),
    operation: recordedOperation(foundation),
    host: readHostFacts(),
    settings: engineSettings(foundation),
  };
}

function imagesOn({ live, containerd, events, table }: Foundation): Images {
  return new Images({
    containerd: containerd.client,
    registry: registrySettings(live),
    execRoot: live.current.execRoot,
    concurrency: () => live.current.concurrency,
    emit: (event) => events.emit({ type: 'image', ...event }),
    usedBy: (imageId) => usersOf(table, imageId),
  });
}

function usersOf(table: ContainerTable, imageId: string) {
  return [...table]
    .filter((container) => imagesOf(container).includes(imageId))
    .map((container) => ({ id: container.id, running: isUp(container) }));
}

/** What an operation does to the kernel is recorded under its name, and how long it takes counted where that is read. */
function recordedOperation({ recorder, metrics }: Foundation): EngineContext['operation'] {
  return (name, work) => {
    const operation = () => recorder.operation(name, work);
    return metrics === undefined ? operation() : metrics.measure(name, operation);
  };
}

function engineSettings({ live, identities, runtime, containersByDefault }: Foundation): EngineContext['settings'] {
  const options = live.current;
  const { dataRoot, execRoot, dns, hostGateways, cgroupParent, selfRepair, log, containerDefaults, proxies } = options;
  return {
    ...{ dataRoot, execRoot, dns, hostGateways, cgroupParent, selfRepair, log, containerDefaults, proxies },
    legacyLinkVariables: process.env['DOCKER_KEEP_DEPRECATED_LEGACY_LINKS_ENV_VARS'] !== '0',
    ...(identities && { identities }),
    ...containersByDefault,
    isForwardingLacking: () => isForwardingLacking(options),
    shutdownTimeout: () => live.current.shutdownTimeout,
    runtime: { binary: runtime },
  };
}
