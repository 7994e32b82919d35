import { posix } from 'node:path';
import type { PluginConfig } from '@fairlead/plugins';

/** A path of the plugin's as the host has it (moby, plugin/v2/plugin.go, ScopedPath); none leads out of what is its own. */
export function pathOnHost(
  { PropagatedMount }: Pick<PluginConfig, 'PropagatedMount'>,
  { rootfs, propagated }: { readonly rootfs: string; readonly propagated: string },
  inside: string,
): string {
  const clean = posix.normalize(`/${inside}`);
  const shared = posix.normalize(`/${PropagatedMount}`).replace(/\/$/, '');
  const isShared = shared !== '' && (clean === shared || clean.startsWith(`${shared}/`));
  return posix.join(isShared ? propagated : rootfs, isShared ? clean.slice(shared.length) : clean).replace(/\/$/, '');
}
