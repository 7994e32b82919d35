import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveUser } from './user.ts';

const passwd = `# accounts
root:x:0:0:root:/root:/bin/sh
www:x:33:34:web:/var/www:/bin/sh
42:x:7:8::/home/number:/bin/sh
+nis
nohome:x:50:50::
`;
const group = `root:x:0:
www:x:34:
adm:x:4:www,syslog
web:x:80:root,www
`;

const cases: readonly [string, number, number, number[], string][] = [
  ['', 0, 0, [80], '/root'],
  ['root', 0, 0, [80], '/root'],
  ['www', 33, 34, [4, 80], '/var/www'],
  ['33', 33, 34, [4, 80], '/var/www'],
  ['www:adm', 33, 4, [], '/var/www'],
  ['www:99', 33, 99, [], '/var/www'],
  ['1000', 1000, 0, [], '/'],
  ['1000:1000', 1000, 1000, [], '/'],
  ['42', 7, 8, [], '/home/number'],
  [':adm', 0, 4, [], '/root'],
  ['nohome', 50, 50, [], '/'],
];

for (const [specification, uid, gid, additionalGids, home] of cases) {
  test(`the user "${specification}" is ${uid}:${gid}`, () => {
    assert.deepEqual(resolveUser(specification, passwd, group), {
      uid,
      gid,
      additionalGids: [gid, ...additionalGids],
      home,
    });
  });
}

test('additional groups are added once, by name or number', () => {
  assert.deepEqual(resolveUser('www', passwd, group, ['adm', '4', '500']).additionalGids, [34, 4, 80, 500]);
});

test('an image without account files has root and numbers', () => {
  assert.deepEqual(resolveUser('0', '', ''), { uid: 0, gid: 0, additionalGids: [0], home: '/' });
});

test('unknown names are told in the words of Docker', () => {
  const message = 'unable to find user nosuch: no matching entries in passwd file';
  assert.throws(() => resolveUser('nosuch', passwd, group), { code: 'invalid-argument', message });
  const groupMessage = 'unable to find group nosuch: no matching entries in group file';
  assert.throws(() => resolveUser('root:nosuch', passwd, group), { code: 'invalid-argument', message: groupMessage });
});

test('ids beyond 31 bits are refused', () => {
  for (const user of ['2147483648', '-1']) {
    assert.throws(() => resolveUser(user, passwd, group), /must be in range 0-2147483647/);
  }
});
