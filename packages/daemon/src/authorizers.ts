import type { Authorizer } from '@fairlead/api';
import { withPrefix } from '@fairlead/base';
import type { Foundation } from './foundation.ts';

type Parts = Pick<Foundation, 'live' | 'plugins' | 'managed'>;

/**
 * The plugins that are asked about requests, as they are by now. They are looked for when they are asked. As with Docker, one
 * that somebody has disabled is asked no more.
 */
export function authorizersOf({ live, plugins, managed }: Parts): () => Promise<readonly Authorizer[]> {
  return async () => {
    const names = live.current.authorizationPlugins.filter((name) => !managed.isDisabled(name));
    if (names.length === 0) return [];
    const registry = await plugins();
    return names.map((name) => ({
      name,
      judge: async (about) => {
        // The request was to disable it: nobody is there to look at the answer.
        if (about.answer !== undefined && managed.isDisabled(name)) return { allowed: true, reason: '' };
        return (await registry.authorization(name)).judge(about);
      },
    }));
  };
}

/** @throws FairleadError in Docker's words when one of them is not there: nobody could ask for anything then. */
export async function requireAuthorizers(
  { plugins }: Pick<Foundation, 'plugins'>,
  names: readonly string[],
): Promise<void> {
  for (const name of names) {
    await (await plugins()).authorization(name).catch((error: unknown) => {
      throw withPrefix('failed to validate authorization plugin: ', error);
    });
  }
}
