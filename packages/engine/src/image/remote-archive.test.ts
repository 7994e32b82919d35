import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { archiveUrl, fetchArchive } from './remote-archive.ts';

describe('archives that are fetched', () => {
  const server = createServer(({ url }, response) => {
    if (url === '/root.tar') response.end('the archive');
    else response.writeHead(404, 'Not Found').end('nothing here\n');
  });
  const host = () => `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const options = { signal: new AbortController().signal };

  before(() => new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening)));
  after(() => server.close());

  test('what is at a URL comes piece by piece', async () => {
    const { url, content } = await fetchArchive(`${host()}/root.tar`, options);
    assert.equal(url, `http://${host()}/root.tar`);
    assert.equal(Buffer.concat(await Array.fromAsync(content)).toString(), 'the archive');
  });

  test('what cannot be had is refused before anything is made', async () => {
    const url = `http://${host()}/other`;
    await assert.rejects(fetchArchive(url, options), {
      code: 'not-found',
      message: `failed to GET ${url} with status 404 Not Found: nothing here`,
    });
    await assert.rejects(fetchArchive('http://127.0.0.1:1/x', options), {
      code: 'unavailable',
      message: 'Get "http://127.0.0.1:1/x": dial tcp 127.0.0.1:1: connect: connection refused',
    });
  });

  test('a source is a URL of HTTP', () => {
    assert.equal(archiveUrl('example.com/a.tar'), 'http://example.com/a.tar');
    assert.equal(archiveUrl('https://example.com/a.tar'), 'https://example.com/a.tar');
    const scheme = 'Get "ftp://example.com/a": unsupported protocol scheme "ftp"';
    assert.throws(() => archiveUrl('ftp://example.com/a'), { code: 'invalid-argument', message: scheme });
    assert.throws(() => archiveUrl('http://[x'), {
      code: 'invalid-argument',
      message: `parse "http://[x": missing ']' in host`,
    });
  });
});
