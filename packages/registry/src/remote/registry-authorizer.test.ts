import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeRegistry, refuse } from '../testing/fake-registry.ts';
import { pull, registryWith } from '../testing/pull-from.ts';
import { layerArchives, sampleImage } from '../testing/sample-image.ts';

const tars = await layerArchives(1);

describe('authentication', () => {
  const image = sampleImage(tars);
  const credentials = { username: 'joe', password: 'secret' };
  const basic = `Basic ${Buffer.from('joe:secret').toString('base64')}`;

  it('answers a basic challenge, and says what is missing without credentials', async () => {
    await using registry = await registryWith(image);
    registry.intercept = (request, response) => {
      if (request.headers.authorization === basic) return false;
      response.setHeader('WWW-Authenticate', 'Basic realm="registry"');
      refuse(response, 401, 'UNAUTHORIZED', 'authentication required');
      return true;
    };
    await pull(registry, { credentials });
    await assert.rejects(pull(registry), {
      code: 'unauthorized',
      message: `Get "http://${registry.host}/v2/": no basic auth credentials`,
    });
    await assert.rejects(pull(registry, { credentials: { username: 'joe', password: 'wrong' } }), {
      code: 'unauthorized',
      message: `Get "http://${registry.host}/v2/app/manifests/v1": unauthorized: authentication required`,
    });
  });

  const bearer = (registry: FakeRegistry, tokens: FakeRegistry, token: string) => {
    registry.intercept = (request, response) => {
      if (request.headers.authorization === `Bearer ${token}`) return false;
      const realm = `http://${tokens.host}/token`;
      response.setHeader('WWW-Authenticate', `Bearer realm="${realm}",service="registry"`);
      refuse(response, 401, 'UNAUTHORIZED', 'authentication required');
      return true;
    };
  };

  it('gets a token, anonymously or with credentials, once', async () => {
    await using registry = await registryWith(image);
    await using tokens = await FakeRegistry.start();
    bearer(registry, tokens, 't0k3n');
    tokens.intercept = (_, response) => {
      response.end(JSON.stringify({ token: 't0k3n' }));
      return true;
    };
    await pull(registry);
    await pull(registry, { credentials });
    const query = '/token?service=registry&scope=repository%3Aapp%3Apull';
    assert.deepEqual(
      tokens.requests.map(({ line, authorization }) => [line, authorization]),
      [
        [`GET ${query}`, ''],
        [`GET ${query}&account=joe`, basic],
      ],
    );
    const later = registry.requests.filter(({ line }) => line.includes('/app/'));
    assert.ok(later.every(({ authorization }) => authorization === 'Bearer t0k3n'));
  });

  it('trades a refresh token for access, and sends a registry token as it is', async () => {
    await using registry = await registryWith(image);
    await using tokens = await FakeRegistry.start();
    bearer(registry, tokens, 'fresh');
    let form = '';
    tokens.intercept = (request, response) => {
      request.on('data', (chunk) => {
        form += chunk;
      });
      request.on('end', () => response.end(JSON.stringify({ access_token: 'fresh' })));
      return true;
    };
    await pull(registry, { credentials: { identityToken: 'refresh' } });
    assert.equal(new URLSearchParams(form).get('refresh_token'), 'refresh');
    assert.equal(new URLSearchParams(form).get('scope'), 'repository:app:pull');
    await pull(registry, { credentials: { registryToken: 'fresh' } });
    assert.equal(tokens.requests.length, 1);
  });

  it('says that access is denied when the token does not reach', async () => {
    await using registry = await registryWith(image);
    registry.intercept = (request, response) => {
      if (request.url === '/v2/') return false;
      const challenge = `Bearer realm="http://${registry.host}/v2/",error="insufficient_scope"`;
      response.setHeader('WWW-Authenticate', challenge);
      refuse(response, 401, 'UNAUTHORIZED', 'authentication required');
      return true;
    };
    await assert.rejects(pull(registry, { credentials: { registryToken: 'x' } }), {
      code: 'not-found',
      message:
        `pull access denied for ${registry.host}/app, repository does not exist or may require 'docker login': ` +
        'denied: requested access to the resource is denied',
    });
  });

  it('does not carry credentials to where a blob is redirected', async () => {
    await using registry = await registryWith(image);
    await using storage = await registryWith(image);
    registry.intercept = (request, response) => {
      if (request.headers.authorization !== basic) {
        response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="registry"' }).end();
        return true;
      }
      if (!request.url?.includes('/blobs/')) return false;
      response.writeHead(307, { Location: `http://${storage.host}${request.url}` }).end();
      return true;
    };
    await pull(registry, { credentials });
    assert.deepEqual(
      storage.requests.map(({ authorization }) => authorization),
      ['', ''],
    );
  });
});
