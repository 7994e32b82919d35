import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { messageOf, withPrefix } from '@fairlead/base';
import { canonicalText, familiarText, parseImageReference, withDefaultTag } from '@fairlead/registry';
import { answeredYes } from '../command/agreement.ts';
import type { Action, Invocation } from '../command/command.ts';
import { refusal } from '../command/refusal.ts';
import { packParts } from '../copy/local-archive.ts';
import { follow, type ProgressMessage } from '../image/progress-display.ts';
import { type Plugin, pluginAuth, pluginName } from './plugins.ts';

/** Something that a plugin asks for. */
interface Privilege {
  readonly Name: string;
  readonly Value: readonly string[] | null;
}

/** `fairlead plugin create`. */
export const create: Action = async ({ words: [name = '', place = ''], options, engine, print }) => {
  const directory = resolve(place);
  pluginName(name);
  await requirePluginData(directory);
  const archive = packParts(directory, ['config.json', 'rootfs']);
  await engine.ask('POST', '/plugins/create', {
    query: { name },
    stream: options.flag('compress') ? gzipped(archive) : archive,
    headers: { 'content-type': 'application/x-tar' },
  });
  print(name);
  return 0;
};

/** Packed; what goes wrong with it is told to who reads. */
export function gzipped(archive: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return Readable.from(archive).compose(createGzip());
}

/** `fairlead plugin install`. */
export const install: Action = async (invocation) => {
  const { words, options, engine, print } = invocation;
  const [remote = '', ...settings] = words;
  const name = pluginName(options.text('alias') ?? remote);
  const granted = await grantedPrivileges(invocation, remote);
  await fetchPlugin(invocation, '/plugins/pull', { remote, name }, granted);
  if (settings.length > 0) await engine.ask('POST', `/plugins/${name}/set`, { body: settings });
  if (!options.flag('disable')) await engine.ask('POST', `/plugins/${name}/enable`, { query: { timeout: 0 } });
  print(`Installed plugin ${remote}`);
  return 0;
};

/** `fairlead plugin upgrade`. */
export const upgrade: Action = async (invocation) => {
  const { words, options, engine, print } = invocation;
  const [asked = '', wanted] = words;
  const plugin = await engine.ask<Plugin>('GET', `/plugins/${asked}/json`).catch((error: unknown) => {
    throw withPrefix('error reading plugin data: ', error);
  });
  if (plugin.Enabled) throw refusal('the plugin must be disabled before upgrading');
  const [before = plugin.Name, remote = before] = [plugin.PluginReference, wanted];
  const [from, to] = [familiar(before), familiar(remote)];
  print(`Upgrading plugin ${plugin.Name} from ${from} to ${to}`);
  if (from !== to && !options.flag('skip-remote-check')) {
    const isSure = await answeredYes('Plugin images do not match, are you sure?', process.stdout);
    if (!isSure) throw refusal('plugin upgrade has been canceled');
  }
  const granted = await grantedPrivileges(invocation, remote);
  await fetchPlugin(invocation, `/plugins/${plugin.Name}/upgrade`, { remote }, granted);
  print(`Upgraded plugin ${plugin.Name} to ${remote}`);
  return 0;
};

async function fetchPlugin(
  { engine }: Invocation,
  path: string,
  { remote, name }: { readonly remote: string; readonly name?: string },
  body: readonly Privilege[],
): Promise<void> {
  const headers = pluginAuth(remote);
  const query = { remote: canonical(remote), name };
  await follow(engine.lines<ProgressMessage>('POST', path, { query, body, headers }), process.stdout);
}

/** What a plugin asks for, when the user agrees to it. */
async function grantedPrivileges(
  { options, engine, print }: Invocation,
  remote: string,
): Promise<readonly Privilege[]> {
  const query = { remote: canonical(remote) };
  const headers = pluginAuth(remote);
  const asked = (await engine.ask<Privilege[] | null>('GET', '/plugins/privileges', { query, headers })) ?? [];
  if (asked.length === 0 || options.flag('grant-all-permissions')) return asked;
  print(`Plugin ${JSON.stringify(remote)} is requesting the following privileges:`);
  for (const { Name, Value } of asked) print(` - ${Name}: [${(Value ?? []).join(' ')}]`);
  if (await answeredYes('Do you grant the above permissions?', process.stdout)) return asked;
  throw refusal(`permission denied while installing plugin ${query.remote}`);
}

/** @throws FairleadError in docker's words when a directory holds no plugin. */
async function requirePluginData(directory: string): Promise<void> {
  const config = await readFile(join(directory, 'config.json'), 'utf8').catch((error: unknown) => {
    throw refusal(messageOf(error));
  });
  try {
    JSON.parse(config);
  } catch (error) {
    throw refusal(`failed to parse ${join(directory, 'config.json')}: ${messageOf(error)}`);
  }
  if (!statSync(join(directory, 'rootfs'), { throwIfNoEntry: false })?.isDirectory()) {
    throw refusal(`${join(directory, 'rootfs')} is not a directory`);
  }
}

/** With its registry. @throws FairleadError `invalid-argument` in docker's words. */
function canonical(text: string): string {
  return canonicalText(parseImageReference(text));
}

function familiar(text: string): string {
  return familiarText(withDefaultTag(parseImageReference(text)));
}
