import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeMessages, type Message, nftMessage, nftType } from '@fairlead/netlink';
import { RulesetChanges } from './ruleset-changes.ts';

const OWN = 100;

type Family = Parameters<typeof nftMessage>[2];

/** A notification with the names that it carries, by the numbers of their attributes. */
function notification(type: number, family: Family, names: Readonly<Record<number, string>>): Message {
  const bytes = nftMessage(type, 0, family, (writer) => {
    for (const [attribute, name] of Object.entries(names)) writer.text(Number(attribute), name);
  });
  const [message] = decodeMessages(bytes);
  return message ?? assert.fail();
}

function end(processId: number, processName: string): Message {
  const bytes = nftMessage(nftType.newGeneration, 0, 'any', (writer) =>
    writer.u32be(1, 7).u32be(2, processId).text(3, processName),
  );
  const [message] = decodeMessages(bytes);
  return message ?? assert.fail();
}

test('a transaction is told when it ends, counted by what it is about, with who made it', () => {
  const changes = new RulesetChanges(OWN);
  const element = notification(nftType.newElement, 'inet', { 1: 'mine', 2: 'blocked' });
  for (const message of [
    notification(nftType.newTable, 'inet', { 1: 'mine' }),
    notification(nftType.newSet, 'inet', { 1: 'mine', 2: 'blocked' }),
    element,
    element,
    notification(nftType.deleteRule, 'ip', { 1: 'filter', 2: 'INPUT' }),
  ])
    assert.equal(changes.note(message), undefined);
  assert.deepEqual(changes.note(end(5, 'nft')), {
    what: 'firewall',
    name: [
      'table inet mine added',
      'inet mine: set blocked added',
      'inet mine: 2 elements added to blocked',
      'ip filter: 1 rule removed from INPUT',
    ].join(', '),
    details: [],
    program: 'nft',
    processId: 5,
  });
});

test('elements of several sets are told apart, however many come in a row', () => {
  const changes = new RulesetChanges(OWN);
  const element = (type: number, set: string) => {
    const bytes = nftMessage(type, 0, 'inet', (writer) =>
      writer
        .text(1, 'mine')
        .text(2, set)
        .nested(3, (list) => list.u32be(1, ++key)),
    );
    return decodeMessages(bytes)[0] ?? assert.fail();
  };
  let key = 0;
  const { newElement: add, deleteElement: remove } = nftType;
  const notes = [
    [add, 'ports'],
    [add, 'ports'],
    [remove, 'ports'],
    [add, 'other'],
    [add, 'ports'],
    [add, 'portsX'],
  ] as const;
  for (const [type, set] of notes) changes.note(element(type, set));
  assert.equal(
    changes.note(end(5, 'nft'))?.name,
    'inet mine: 3 elements added to ports, inet mine: 1 element removed from ports, ' +
      'inet mine: 1 element added to other, inet mine: 1 element added to portsX',
  );
});

test('what we did ourselves, and what changed nothing, is not told and leaves nothing behind', () => {
  const changes = new RulesetChanges(OWN);
  changes.note(notification(nftType.newTable, 'inet', { 1: 'ours' }));
  assert.equal(changes.note(end(OWN, 'fairlead')), undefined);
  assert.equal(changes.note(end(5, 'nft')), undefined);
});
