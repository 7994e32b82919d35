import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { serveFake } from './testing/index.ts';

const run = promisify(execFile);

/** A self-signed certificate with its key, made by the real openssl. */
async function selfSigned(folder: string, name: string): Promise<{ certificate: Buffer; key: Buffer }> {
  const [certificate, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`, '-days', '2'];
  await run('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', certificate]);
  return { certificate: await readFile(certificate), key: await readFile(key) };
}

test('with client authorities only clients that show a certificate of theirs are served', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fl-api-tls-'));
  try {
    await using fake = await serveFake();
    const engine = await selfSigned(folder, 'engine');
    const friend = await selfSigned(folder, 'friend');
    const stranger = await selfSigned(folder, 'stranger');
    const { port = 0 } = await fake.server.listen({
      kind: 'tcp',
      host: '127.0.0.1',
      port: 0,
      tls: { ...engine, clientAuthorities: friend.certificate },
    });
    const ping = (client: { certificate?: Buffer; key?: Buffer }): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const identity = client.certificate && client.key ? { cert: client.certificate, key: client.key } : {};
        const options = { host: '127.0.0.1', port, path: '/_ping', servername: 'engine', ca: engine.certificate };
        const outgoing = request({ ...options, ...identity, agent: false }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        });
        outgoing.on('error', reject);
        outgoing.end();
      });
    assert.equal(await ping(friend), 200);
    await assert.rejects(ping(stranger));
    await assert.rejects(ping({}));
  } finally {
    await rm(folder, { recursive: true });
  }
});
