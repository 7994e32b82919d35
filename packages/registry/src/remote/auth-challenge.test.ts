import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AuthChallenge, parseAuthChallenges } from './auth-challenge.ts';

describe('parseAuthChallenges', () => {
  const table: [header: string, challenges: AuthChallenge[]][] = [
    ['', []],
    ['Basic realm="registry"', [{ scheme: 'basic', parameters: { realm: 'registry' } }]],
    ['Negotiate', [{ scheme: 'negotiate', parameters: {} }]],
    [
      'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push"',
      [
        {
          scheme: 'bearer',
          parameters: {
            realm: 'https://auth.example/token',
            service: 'registry.example',
            scope: 'repository:a/b:pull,push',
          },
        },
      ],
    ],
    [
      'BEARER Realm = "x" , error=invalid_token, Basic realm="a \\"b\\""',
      [
        { scheme: 'bearer', parameters: { realm: 'x', error: 'invalid_token' } },
        { scheme: 'basic', parameters: { realm: 'a "b"' } },
      ],
    ],
    [
      'Negotiate, Basic realm="r"',
      [
        { scheme: 'negotiate', parameters: {} },
        { scheme: 'basic', parameters: { realm: 'r' } },
      ],
    ],
    ['Basic realm="unterminated', [{ scheme: 'basic', parameters: {} }]],
  ];
  for (const [header, challenges] of table) {
    it(`reads ${header || 'nothing'}`, () => assert.deepEqual(parseAuthChallenges(header), challenges));
  }
});
