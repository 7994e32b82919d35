import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreedFix, requirePerson } from './fix-agreement.ts';

const commands = ['ip link set dev br0 up'];
const action = { kind: 'changes', changes: [] } as const;
const fix = { text: 'Switch it on', commands, undo: ['ip link set dev br0 down'] };
const report = { fixes: [{ ...fix, action }, fix] };

function person(answer: boolean) {
  const asked: string[] = [];
  const ask = async (question: string) => {
    asked.push(question);
    return answer;
  };
  return { asked, ask, isThere: true };
}

test('a fix is shown with its commands, and tried only when somebody says yes', async () => {
  const willing = person(true);
  assert.deepEqual(await agreedFix(1, report, willing), commands);
  assert.match(willing.asked.join(), /^ {2}ip link set dev br0 up$/m);
  assert.equal(await agreedFix(1, report, person(false)), undefined);
});

test('nobody is asked about a fix that there is not, or that only a person can do', async () => {
  const { asked, ...willing } = person(true);
  assert.deepEqual(await agreedFix(2, report, willing), commands);
  assert.deepEqual(await agreedFix(3, report, willing), []);
  assert.deepEqual(asked, []);
});

test('where nobody can be asked it is refused', () => {
  requirePerson(1, person(false));
  assert.throws(() => requirePerson(1, { ...person(true), isThere: false }), {
    code: 'invalid-argument',
    message: '--apply 1 changes this machine, and nobody can be asked here: say --yes as well',
  });
});
