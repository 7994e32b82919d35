import { shortIdentifier } from '@fairlead/base';
import { familiarText, parseImageReference, withDefaultTag } from '@fairlead/registry';
import type { Action } from '../command/command.ts';
import { forEachName } from '../container/for-each-name.ts';
import { inspectEach } from '../container/views.ts';
import { filterText, printListing, shorten } from '../format/listing.ts';
import { follow, type ProgressMessage } from '../image/progress-display.ts';
import { authHeader } from '../image/registry-credentials.ts';

/** A plugin as the engine says it. */
export interface Plugin {
  readonly Id: string;
  readonly Name: string;
  readonly Enabled: boolean;
  readonly PluginReference?: string;
  readonly Config: { readonly Description: string };
}

const headings = {
  ID: 'ID',
  Name: 'NAME',
  Description: 'DESCRIPTION',
  Enabled: 'ENABLED',
  PluginReference: 'PLUGIN REFERENCE',
};

/** `fairlead plugin ls`. */
export const list: Action = async (invocation) => {
  const { options, engine } = invocation;
  const query = { filters: filterText(options.list('filter')) };
  const plugins = await engine.ask<readonly Plugin[]>('GET', '/plugins', { query });
  const isWhole = options.flag('no-trunc');
  const described = ({ Config }: Plugin) => Config.Description.replaceAll(/[\r\n]/g, '');
  printListing(invocation, {
    rows: plugins
      .toSorted((left, right) => left.Name.localeCompare(right.Name))
      .map((plugin) => ({
        ID: isWhole ? plugin.Id : shortIdentifier(plugin.Id),
        Name: plugin.Name,
        Description: isWhole ? described(plugin) : shorten(described(plugin), 45),
        Enabled: String(plugin.Enabled),
        PluginReference: plugin.PluginReference ?? '',
      })),
    headings,
    columns: ['ID', 'Name', 'Description', 'Enabled'],
    identity: 'ID',
    raw: plugins,
  });
  return 0;
};

/** `fairlead plugin inspect`. Without a template it is JSON anyway. */
export const inspect: Action = (invocation) =>
  inspectEach(invocation, (name) => invocation.engine.ask('GET', `/plugins/${name}/json`));

/** `fairlead plugin enable`. */
export const enable: Action = async ({ words: [name = ''], options, engine, print }) => {
  await engine.ask('POST', `/plugins/${name}/enable`, { query: { timeout: options.integer('timeout') ?? 30 } });
  print(name);
  return 0;
};

/** `fairlead plugin disable`. */
export const disable: Action = async ({ words: [name = ''], options, engine, print }) => {
  await engine.ask('POST', `/plugins/${name}/disable`, { query: { force: options.flag('force') || undefined } });
  print(name);
  return 0;
};

/** `fairlead plugin rm`. */
export const remove: Action = (invocation) => {
  const query = { force: invocation.options.flag('force') || undefined };
  return forEachName(invocation, (name) => invocation.engine.ask('DELETE', `/plugins/${name}`, { query }));
};

/** `fairlead plugin set`. */
export const set: Action = async ({ words: [name = '', ...settings], engine }) => {
  await engine.ask('POST', `/plugins/${name}/set`, { body: settings });
  return 0;
};

/** `fairlead plugin push`. */
export const push: Action = async ({ words: [asked = ''], engine }) => {
  const name = pluginName(asked);
  const messages = engine.lines<ProgressMessage>('POST', `/plugins/${name}/push`, { headers: pluginAuth(name) });
  await follow(messages, process.stdout);
  return 0;
};

/** A plugin's whole name, with its tag. @throws FairleadError `invalid-argument` in docker's words. */
export function pluginName(text: string): string {
  const { domain, path, tag } = parseImageReference(text);
  return familiarText(withDefaultTag({ domain, path, tag }));
}

/** Credentials for a plugin's registry; the header is sent also when there are none. */
export function pluginAuth(reference: string): Readonly<Record<string, string>> {
  return { 'x-registry-auth': 'e30=', ...authHeader(reference) };
}
