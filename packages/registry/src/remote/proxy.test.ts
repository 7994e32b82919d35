import assert from 'node:assert/strict';
import { it } from 'node:test';
import { environmentProxies, proxyOf, withoutSecrets } from './proxy.ts';

const proxies = { http: 'http://plain:3128', https: 'secure:3129' };

it('is chosen by the scheme, and speaks HTTP unless it says otherwise', () => {
  assert.equal(proxyOf(new URL('http://a.example/x'), proxies), 'http://plain:3128');
  assert.equal(proxyOf(new URL('https://a.example/x'), proxies), 'http://secure:3129');
  assert.equal(proxyOf(new URL('https://a.example/x'), { http: 'http://plain' }), undefined);
});

it('is not between this machine and itself', () => {
  for (const host of ['localhost:5000', '127.0.0.1', '127.8.8.8:5000', '[::1]:5000']) {
    assert.equal(proxyOf(new URL(`http://${host}/`), proxies), undefined, host);
  }
});

for (const [none, direct, through] of [
  ['*', ['a.example', '192.0.2.1'], []],
  ['example.com', ['example.com', 'a.b.example.com', 'EXAMPLE.com'], ['badexample.com', 'example.org']],
  ['.example.com', ['a.example.com'], ['example.com']],
  ['*.example.com', ['a.example.com'], ['example.com']],
  ['example.com:8080', ['example.com:8080', 'a.example.com:8080'], ['example.com', 'example.com:81']],
  ['192.0.2.7', ['192.0.2.7', '192.0.2.7:5000'], ['192.0.2.70', '2.7']],
  ['192.0.2.7:5000', ['192.0.2.7:5000'], ['192.0.2.7']],
  ['192.0.2.0/24,2001:db8::/32', ['192.0.2.200', '[2001:db8::9]'], ['192.0.3.1', '[2001:db9::9]', 'example.com']],
  ['2001:db8::7', ['[2001:db8::7]', '[2001:db8::7]:5000'], ['[2001:db8::8]']],
  ['[2001:db8::7]:5000', ['[2001:db8::7]:5000'], ['[2001:db8::7]:80']],
  [' a.example , ,b.example', ['a.example', 'b.example'], ['c.example']],
] as const) {
  it(`is passed by for "${none}"`, () => {
    const proxy = (host: string) => proxyOf(new URL(`http://${host}/`), { ...proxies, none });
    for (const host of direct) assert.equal(proxy(host), undefined, host);
    for (const host of through) assert.equal(proxy(host), 'http://plain:3128', host);
  });
}

it('is what the environment says, in capitals first', () => {
  const environment = { http_proxy: 'small', HTTP_PROXY: 'large', https_proxy: 'secure', NO_PROXY: '' };
  assert.deepEqual(environmentProxies(environment), { http: 'large', https: 'secure' });
});

it('is shown without its password', () => {
  assert.equal(withoutSecrets('http://me:secret@proxy:3128'), 'http://xxxxx:xxxxx@proxy:3128');
  assert.equal(withoutSecrets('http://proxy:3128'), 'http://proxy:3128');
});
