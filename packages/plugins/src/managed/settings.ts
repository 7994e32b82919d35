import { FairleadError } from '@fairlead/base';
import type { PluginConfig, PluginDevice, PluginMount } from './plugin-config.ts';

/** What can be said of a plugin beside its config, in the words of Docker's API. */
export interface PluginSettings {
  readonly Args: readonly string[];
  readonly Devices: readonly PluginDevice[];
  /** `NAME=value`. */
  readonly Env: readonly string[];
  readonly Mounts: readonly PluginMount[];
}

/** A plugin's config with what has been set; a mount's source and a device's path are set in both, as with Docker. */
export interface ConfiguredPlugin {
  readonly config: PluginConfig;
  readonly settings: PluginSettings;
}

/** What holds until somebody sets something else: what the config says. */
export function initialSettings({ Args, Env, Mounts, Linux }: PluginConfig): PluginSettings {
  return {
    Args: Args.Value ?? [],
    Devices: Linux.Devices ?? [],
    Env: (Env ?? []).flatMap(({ Name, Value }) => (Value === null ? [] : `${Name}=${Value}`)),
    Mounts: Mounts ?? [],
  };
}

/**
 * Set something, `NAME[.FIELD]=VALUE` each (moby, plugin/v2/settable.go).
 *
 * @throws FairleadError `internal` in Docker's words for what is not there or cannot be set; nothing is set then.
 */
export function changeSettings(plugin: ConfiguredPlugin, words: readonly string[]): ConfiguredPlugin {
  return words.map(parseSetting).reduce(setOne, plugin);
}

/** One thing to be set. */
interface Setting {
  readonly name: string;
  /** '' when it is not said. */
  readonly field: string;
  readonly value: string;
}

function parseSetting(word: string): Setting {
  const equals = word.indexOf('=');
  if (equals === 0) throw refusal('invalid format, must be <name>[.<field>][=<value>]');
  const whole = equals < 0 ? word : word.slice(0, equals);
  const value = equals < 0 ? '' : word.slice(equals + 1);
  const dot = whole.lastIndexOf('.');
  return dot > 0
    ? { name: whole.slice(0, dot), field: whole.slice(dot + 1), value }
    : { name: whole, field: '', value };
}

function setOne({ config, settings }: ConfiguredPlugin, setting: Setting): ConfiguredPlugin {
  const { name, value } = setting;
  const { Args, Env, Mounts, Linux } = config;
  const isIt = (one: { readonly Name: string }) => one.Name === name;
  const variable = Env?.find(isIt);
  if (variable !== undefined) {
    requireSettable(setting, 'value', variable.Settable);
    return { config, settings: { ...settings, Env: withVariable(settings.Env, name, value) } };
  }
  const mount = Mounts?.find(isIt);
  if (mount !== undefined) {
    requireSettable(setting, 'source', mount.Settable);
    if (mount.Source === null) throw refusal('plugin config has no mount source');
    const changed = firstChanged(isIt, { Source: value });
    const Changed = { Mounts: changed(Mounts ?? []) };
    return { config: { ...config, ...Changed }, settings: { ...settings, Mounts: changed(settings.Mounts) } };
  }
  const device = Linux.Devices?.find(isIt);
  if (device !== undefined) {
    requireSettable(setting, 'path', device.Settable);
    if (device.Path === null) throw refusal('plugin config has no device path');
    const changed = firstChanged(isIt, { Path: value });
    const linux = { ...Linux, Devices: changed(Linux.Devices ?? []) };
    return { config: { ...config, Linux: linux }, settings: { ...settings, Devices: changed(settings.Devices) } };
  }
  if (!isIt(Args)) throw refusal(`setting ${JSON.stringify(name)} not found in the plugin configuration`);
  requireSettable(setting, 'value', Args.Settable);
  return { config, settings: { ...settings, Args: value.split(' ') } };
}

/** @throws FairleadError unless the field that is meant is the one that there is, and can be set. */
function requireSettable({ name, field }: Setting, only: string, settable: readonly string[] | null): void {
  const fields = settable ?? [];
  if (field === '' && fields.length > 1) throw refusal('multiple fields are settable, one must be specified');
  const meant = field || (fields[0] ?? '');
  if (meant === only && fields.includes(meant)) return;
  throw refusal(`${JSON.stringify(meant === '' ? name : `${name}.${meant}`)} is not settable`);
}

function withVariable(env: readonly string[], name: string, value: string): string[] {
  const index = env.findIndex((entry) => entry.split('=')[0] === name);
  return index < 0 ? [...env, `${name}=${value}`] : env.with(index, `${name}=${value}`);
}

/** Changes the first of a list that is meant. */
function firstChanged<Change extends object>(isIt: (one: { readonly Name: string }) => boolean, change: Change) {
  return <Item extends { readonly Name: string }>(list: readonly Item[]): readonly Item[] => {
    const index = list.findIndex(isIt);
    const item = list[index];
    return item === undefined ? list : list.with(index, { ...item, ...change });
  };
}

function refusal(message: string): FairleadError {
  return new FairleadError('internal', message);
}
