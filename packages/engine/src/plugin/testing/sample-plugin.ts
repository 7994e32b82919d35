import { newIdentifier } from '@fairlead/base';
import { initialSettings, parsePluginConfig } from '@fairlead/plugins';
import { digestOf } from '@fairlead/registry';
import type { Plugin } from '../plugin-model.ts';

/** A plugin for tests. @param config what its `config.json` says. */
export function samplePlugin(fields: Partial<Plugin> = {}, config: object = {}): Plugin {
  const said = parsePluginConfig(JSON.stringify({ entrypoint: ['/plug'], interface: { socket: 'p.sock' }, ...config }));
  const digest = digestOf('content');
  return {
    ...{ id: newIdentifier(), name: 'plug:latest', reference: 'plug:latest', enabled: false, timeout: 0 },
    ...{ config: said, settings: initialSettings(said), rootfs: 'rootfs' },
    content: { manifest: digest, config: digest, layers: [digest] },
    ...fields,
  };
}
