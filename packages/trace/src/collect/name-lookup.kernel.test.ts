import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { after, before, test } from 'node:test';
import { createNamespace, deleteNamespace, namespacePath, OpenNamespace } from '@fairlead/kernel';
import { openDatagramSocket } from '@fairlead/kernel/sockets';
import { lookUpName } from './name-lookup.ts';

const name = `fl-test-lookup-${process.pid}`;
const server = createSocket('udp4');
/** What the name server answers with, behind the identifier of the question. */
let answer = Buffer.alloc(0);
let inside: OpenNamespace;

before(async () => {
  createNamespace(name);
  execFileSync('nsenter', [`--net=${namespacePath(name)}`, 'ip', 'link', 'set', 'lo', 'up']);
  inside = new OpenNamespace(name);
  const fd = inside.enter(() => openDatagramSocket({ family: 4, port: 53 }));
  await new Promise<void>((done) => server.bind({ fd }, done));
  server.on('message', (query, { port, address }) =>
    server.send(Buffer.concat([query.subarray(0, 2), answer]), port, address),
  );
});

after(() => {
  server.close();
  inside[Symbol.dispose]();
  deleteNamespace(name);
});

const files = { hosts: '', resolvConf: 'nameserver 127.0.0.1\n' };

test('an answer that is no DNS message is told, whatever it is', async () => {
  // Cut off; one record too many; a name that points to itself.
  for (const text of ['', '81800000000100000000', '81800001000000000000c00c00010001', 'ff'.repeat(40)]) {
    answer = Buffer.from(text, 'hex');
    const { addresses, failure } = await lookUpName(inside, files, 'web.example', [4]);
    assert.deepEqual(addresses, []);
    assert.match(failure ?? '', /^malformed DNS message: /, text);
  }
});

test('an answer without addresses says why', async () => {
  answer = Buffer.from('81830000000000000000', 'hex');
  const { failure, server: asked } = await lookUpName(inside, files, 'web.example', [4]);
  assert.deepEqual([asked, failure], ['127.0.0.1', 'NXDOMAIN: there is no such name']);
});
