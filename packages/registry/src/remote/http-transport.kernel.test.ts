import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { HttpTransport, readBody, type TlsOptions } from './http-transport.ts';

describe('a registry with a certificate of its own', () => {
  let server: https.Server;
  let directory = '';
  let cert = '';

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'fl-tls-'));
    const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const made = spawnSync('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', keyFile, '-out', certFile]);
    assert.equal(made.status, 0, String(made.stderr));
    cert = await readFile(certFile, 'utf8');
    server = https.createServer({ cert, key: await readFile(keyFile) }, (_, response) => response.end('{}'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true });
  });

  const ask = async (tls: TlsOptions) => {
    using transport = new HttpTransport(tls);
    const { port } = server.address() as AddressInfo;
    const response = await transport.send({ method: 'GET', url: new URL(`https://127.0.0.1:${port}/v2/`) });
    return (await readBody(response, 100)).toString();
  };

  it('is not trusted just so', async () => {
    await assert.rejects(ask({}), {
      code: 'internal',
      message: /^Get "https:.*": tls: failed to verify certificate: x509: certificate signed by unknown authority$/,
    });
  });

  it('is trusted when its authority is configured', async () => {
    assert.equal(await ask({ ca: [cert] }), '{}');
  });

  it('is trusted blindly when it is an insecure registry', async () => {
    assert.equal(await ask({ insecure: true }), '{}');
  });
});
