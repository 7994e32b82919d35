import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BuildArguments } from '@fairlead/dockerfile';
import { destinationOf } from './copy-step.ts';
import { beginFileDigest, joinedDigest } from './file-digest.ts';
import { parseOwner } from './owner.ts';
import { commentConfig, FinishedStages, planRun, stageVariables, withDefaultPath } from './stage.ts';

test('arguments are part of a command’s name, but for proxies that nobody has declared', () => {
  const given = new Map([
    ['B', '2'],
    ['http_proxy', 'p'],
  ]);
  const none = new BuildArguments(new Map());
  assert.deepEqual(planRun({ Env: ['A=1'] }, ['make'], none).stepConfig, {
    Env: ['A=1'],
    Cmd: ['make'],
    Entrypoint: null,
  });
  const some = new BuildArguments(given);
  assert.deepEqual(planRun({}, ['make'], some).stepConfig.Cmd, ['|0', 'make']);
  for (const name of ['B', 'A']) some.declare(name, 'default');
  const plan = planRun({ Env: ['A=1'], Entrypoint: ['x'] }, ['make'], some);
  assert.deepEqual(plan.stepConfig, { Env: ['A=1'], Cmd: ['|1', 'B=2', 'make'], Entrypoint: null });
  assert.deepEqual(plan.env, ['B=2', 'http_proxy=p']);
});

test('variables of the image go before arguments', () => {
  const all = new BuildArguments(new Map([['A', 'given']]));
  all.declare('A', undefined);
  all.declare('B', 'default');
  const state = { imageId: '', draft: { config: { Env: ['A=image'] }, ownsCommand: false }, author: '' };
  assert.deepEqual([...stageVariables(state, all)].sort(), [
    ['A', 'image'],
    ['B', 'default'],
  ]);
});

test('a stage begins with a path to look for commands in', () => {
  assert.match(withDefaultPath({}).Env?.[0] ?? '', /^PATH=.*:\/bin$/);
  assert.deepEqual(withDefaultPath({ Env: ['PATH=/x'] }).Env, ['PATH=/x']);
});

test('what runs nothing has its text for a command', () => {
  const shell = ['/bin/sh', '-c'];
  assert.deepEqual(commentConfig({}, shell, 'ENV a=b').Cmd, ['/bin/sh', '-c', '#(nop) ', 'ENV a=b']);
  assert.deepEqual(commentConfig({}, shell, 'WORKDIR /', true).Cmd, ['/bin/sh', '-c', '#(nop) WORKDIR /']);
});

test('finished stages are found by name and number', () => {
  const stages = new FinishedStages();
  stages.add('one', 'id1');
  stages.add('', 'id2');
  assert.equal(stages.find('ONE'), 'id1');
  assert.equal(stages.find('1'), 'id2');
  assert.equal(stages.find('busybox'), undefined);
  assert.equal(stages.named('1'), undefined);
  assert.throws(() => stages.find('2'), { message: 'refers to current build stage' });
  assert.throws(() => stages.find('3'), { message: 'index out of bounds' });
  assert.throws(() => stages.find('-1'), { message: 'index out of bounds' });
  assert.throws(() => stages.requireFree('one'), { message: 'one stage name already used' });
});

test('a relative destination is below the working directory', () => {
  for (const [asked, directory, expected] of [
    ['/a', '/w', '/a'],
    ['a', '/w', '/w/a'],
    ['a/', '/w', '/w/a/'],
    ['.', '/w', '/w'],
    ['./', '', '/'],
    ['../x', '/w', '/x'],
    ['', '', '/'],
  ] as const) {
    assert.equal(destinationOf(asked, directory), expected, asked);
  }
});

test('owners are names of the image, or numbers', () => {
  const passwd = 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/x\n';
  const group = 'root:x:0:\nnobody:x:65532:\nstaff:x:50:\n';
  const owners = { root: [0, 0], nobody: [65534, 65532], 'nobody:staff': [65534, 50], '5:6': [5, 6], '7': [7, 7] };
  for (const [text, [uid, gid]] of Object.entries(owners))
    assert.deepEqual(parseOwner(text, passwd, group), { uid, gid });
  const prefix = 'unable to convert uid/gid chown string to host mapping: ';
  for (const [text, reason] of [
    ['absent', "can't find uid for user absent: no such user: absent"],
    ['root:absent', "can't find gid for group absent: no such group: absent"],
    ['a:b:c', 'invalid chown string format: a:b:c'],
  ] as const) {
    assert.throws(() => parseOwner(text, passwd, group), { message: `${prefix}${reason}` });
  }
});

test('files have the digests that dockerd gives them', () => {
  // `ADD a.txt /` of a file with `hello`, built by dockerd 20.10.24.
  const header = {
    name: 'a.txt',
    mode: 0o100644,
    uid: 0,
    gid: 0,
    size: 6,
    flag: '0',
    linkName: '',
    major: 0,
    minor: 0,
  };
  const hash = beginFileDigest({ ...header, userName: '', groupName: '', xattrs: new Map() }).update('hello\n');
  assert.equal(hash.digest('hex'), '679c43c79a56cffbb3b002bda3050542c152a2f09757a0f1a9578871f7cda00d');
  assert.match(joinedDigest('dir', ['a', 'b']), /^dir:[0-9a-f]{64}$/);
});
