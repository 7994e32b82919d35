import type { Json, PluginPrivilege, PluginView } from '@fairlead/engine';
import * as v from 'valibot';
import type { Filters } from './filters.ts';
import { decodeJson, goObject, goString, goStrings, isJsonObject } from './go-json.ts';

/** Keys that `GET /plugins` knows. */
export const pluginFilterKeys = ['capability', 'enabled'] as const;

/** A plugin as `GET /plugins/{name}/json` shows it. Its config is in Docker's words already. */
export function presentPlugin({ id, name, reference, enabled, config, settings }: PluginView) {
  return {
    Config: config,
    Enabled: enabled,
    Id: id,
    Name: name,
    ...(reference !== '' && { PluginReference: reference }),
    Settings: settings,
  };
}

/**
 * The plugins that are wanted. As in Docker all that a plugin can do has to be among the capabilities that are asked for.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function selectPlugins(plugins: readonly PluginView[], filters: Filters): PluginView[] {
  const isEnabled = filters.boolean('enabled');
  return plugins.filter(
    ({ enabled, config }) =>
      (isEnabled === undefined || enabled === isEnabled) &&
      (config.Interface.Types ?? []).every((type) => filters.match('capability', capabilityIn(type))),
  );
}

/** `docker.volumedriver/1.0` without prefix and version. */
function capabilityIn(type: string): string {
  return type.split('/')[0]?.split('.').at(-1) ?? '';
}

const privilegesSchema = v.array(goObject({ Name: goString, Description: goString, Value: goStrings }));

/** What a user has agreed to; nothing is as good as an empty list. @throws FairleadError `invalid-argument`. */
export function parsePrivileges(body: Json): PluginPrivilege[] {
  return isNothing(body) ? [] : decodeJson(privilegesSchema, body, 'Privilege');
}

/** What is to be set. @throws FairleadError `invalid-argument`. */
export function parseSettings(body: Json): string[] {
  return isNothing(body) ? [] : decodeJson(v.array(v.string()), body, 'string');
}

function isNothing(body: Json): boolean {
  return body === null || (isJsonObject(body) && Object.keys(body).length === 0);
}
