import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { registryEndpoints } from './registry-endpoint.ts';

const bases = async (domain: string, settings: Parameters<typeof registryEndpoints>[1] = {}) =>
  (await registryEndpoints(domain, settings)).flatMap((endpoint) => endpoint.bases.map(({ origin }) => origin));

describe('registryEndpoints', () => {
  // Addresses only: a name would be looked up.
  const table: [domain: string, insecure: string[], expected: string[]][] = [
    ['192.0.2.1:5000', [], ['https://192.0.2.1:5000']],
    ['192.0.2.1:5000', ['192.0.2.1:5000'], ['https://192.0.2.1:5000', 'http://192.0.2.1:5000']],
    ['192.0.2.1:5000', ['192.0.2.1'], ['https://192.0.2.1:5000', 'http://192.0.2.1:5000']],
    ['192.0.2.1:5000', ['192.0.2.1:6000'], ['https://192.0.2.1:5000']],
    ['192.0.2.1:5000', ['192.0.2.0/24'], ['https://192.0.2.1:5000', 'http://192.0.2.1:5000']],
    ['192.0.3.1', ['192.0.2.0/24', '2001:db8::/32'], ['https://192.0.3.1']],
    ['127.8.8.8:5000', [], ['https://127.8.8.8:5000', 'http://127.8.8.8:5000']],
    ['[::1]:5000', [], ['https://[::1]:5000', 'http://[::1]:5000']],
    ['[2001:db8::1]', ['2001:db8::/32'], ['https://[2001:db8::1]', 'http://[2001:db8::1]']],
  ];
  for (const [domain, insecure, expected] of table) {
    it(`reaches ${domain} over ${expected.length} schemes when ${insecure} is insecure`, async () => {
      assert.deepEqual(await bases(domain, { insecure }), expected);
    });
  }

  it('refuses what is no host', async () => {
    for (const domain of ['a b', '', 'host/../..', 'user@host', 'host:x', 'a\u0000b', 'host?x', '..\\..']) {
      await assert.rejects(bases(domain), { code: 'invalid-argument', message: `invalid registry host: "${domain}"` });
    }
  });

  it('takes authorities and a client certificate from the host’s directory', async () => {
    const certificates = await mkdtemp(join(tmpdir(), 'fl-certs-'));
    try {
      const directory = join(certificates, '192.0.2.1:5000');
      await mkdir(directory);
      for (const name of ['ca.crt', 'client.cert', 'client.key']) await writeFile(join(directory, name), name);
      const [endpoint] = await registryEndpoints('192.0.2.1:5000', { certificates });
      assert.equal(endpoint?.tls.ca?.at(-1), 'ca.crt');
      assert.equal(endpoint?.tls.cert, 'client.cert');
      assert.equal(endpoint?.tls.key, 'client.key');
      assert.equal((await registryEndpoints('192.0.2.2', { certificates }))[0]?.tls.ca, undefined);
    } finally {
      await rm(certificates, { recursive: true });
    }
  });
});
