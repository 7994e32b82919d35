import { FairleadError } from '@fairlead/base';
import type { Action } from '../command/command.ts';

interface Binding {
  readonly HostIp: string;
  readonly HostPort: string;
}

/** `fairlead port`. */
export const port: Action = async ({ words: [name = '', wanted], engine, print }) => {
  const { NetworkSettings } = await engine.ask<{
    readonly NetworkSettings: { readonly Ports: Readonly<Record<string, readonly Binding[] | null>> | null };
  }>('GET', `/containers/${name}/json`);
  const published = Object.entries(NetworkSettings.Ports ?? {}).filter(([, bindings]) => (bindings ?? []).length > 0);
  if (wanted === undefined) {
    for (const [inner, bindings] of published.sort(byNumber)) {
      for (const binding of bindings ?? []) print(`${inner} -> ${hostText(binding)}`);
    }
    return 0;
  }
  const key = wanted.includes('/') ? wanted : `${wanted}/tcp`;
  const bindings = published.find(([inner]) => inner === key)?.[1];
  if (!bindings) throw new FairleadError('not-found', `Error: No public port '${key}' published for ${name}`);
  for (const binding of bindings) print(hostText(binding));
  return 0;
};

function byNumber([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return Number.parseInt(left, 10) - Number.parseInt(right, 10) || left.localeCompare(right);
}

function hostText({ HostIp, HostPort }: Binding): string {
  return `${HostIp.includes(':') ? `[${HostIp}]` : HostIp}:${HostPort}`;
}
