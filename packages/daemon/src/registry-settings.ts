import type { RegistrySettings } from '@fairlead/registry';
import { type LiveOptions, REGISTRY_CERTIFICATES } from './options.ts';

/** How registries are reached, as the operator wants it by now. */
export function registrySettings(live: LiveOptions): RegistrySettings {
  return {
    get mirrors() {
      return live.current.registryMirrors;
    },
    get insecure() {
      return live.current.insecureRegistries;
    },
    certificates: REGISTRY_CERTIFICATES,
    proxies: live.current.proxies,
  };
}
