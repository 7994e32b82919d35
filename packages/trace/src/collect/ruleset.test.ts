import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeMessages, encodeTable, type Message, NetlinkError, type TableDefinition } from '@fairlead/netlink';
import { type RulesetSource, readRuleset } from './ruleset.ts';

const filter: TableDefinition = {
  family: 'ip',
  name: 'filter',
  sets: [],
  chains: [
    {
      name: 'FORWARD',
      hook: { type: 'filter', hook: 'forward', priority: 0, policy: 'drop' },
      rules: [{ statements: [{ verdict: 'drop' }] }],
    },
  ],
};
/** NFT_MSG_NEWCHAIN and NFT_MSG_NEWRULE. */
const [newChain, newRule] = [(10 << 8) | 3, (10 << 8) | 6];

function messagesOf(type: number): Message[] {
  return encodeTable(filter)
    .flatMap(({ message }) => decodeMessages(message))
    .filter((message) => message.type === type);
}

/** A kernel with one table; whoever asks for what `refuses` names gets an error. */
function kernel(refuses: RegExp): RulesetSource {
  return {
    netfilter: {
      execute(operation) {
        if (refuses.test(operation)) throw new NetlinkError(operation, 'EAGAIN');
        return messagesOf(operation === 'list chains' ? newChain : newRule);
      },
    },
  };
}

const wanted = [
  { family: 'ip', table: 'filter', handle: 0n },
  { family: 'inet', table: 'others', handle: 5n },
] as const;

test('a table that cannot be read takes nothing from what is known of others', () => {
  const { chains, rules } = readRuleset(kernel(/inet others/), wanted);
  assert.deepEqual([chains.length, rules.map(({ text }) => text)], [1, ['drop']]);
  const withoutChains = readRuleset(kernel(/list chains/), wanted);
  assert.deepEqual([withoutChains.chains, withoutChains.rules.length], [[], 1]);
});
