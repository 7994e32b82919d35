import type { OpenNamespace } from '@fairlead/kernel';
import type { AskedPlace } from '../model/name-failure.ts';
import { ruleOwner } from '../model/rule-owner.ts';
import { readRuleset } from './ruleset.ts';

/** What keeps a place from being answered by a name service on its own loopback. */
export function askedPlace(namespace: OpenNamespace): AskedPlace {
  const { chains } = readRuleset(namespace, []);
  return {
    isLoopbackUp: namespace.links().find(({ name }) => name === 'lo')?.up !== false,
    chains: chains
      .filter(({ hook, family }) => (hook === 'input' || hook === 'output') && family !== 'arp')
      .filter((chain) => ruleOwner(chain, []) !== 'fairlead')
      .map(({ family, table, chain }) => `${family} ${table} ${chain}`),
  };
}
