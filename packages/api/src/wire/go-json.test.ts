import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJson, goBoolean, goInteger, goObject, goString, goStringMap, goStrings } from './go-json.ts';

const schema = goObject({
  Name: goString,
  Tty: goBoolean,
  Size: goInteger,
  Env: goStrings,
  Labels: goStringMap,
  Inner: goObject({ HostIp: goString }),
});

test('keys match in any case, null is absent, unknown keys are ignored', () => {
  const decoded = decodeJson(
    schema,
    { name: 'a', TTY: true, sIzE: 3, env: null, inner: { hostip: '::', other: 1 }, Unknown: [] },
    'T',
  );
  assert.deepEqual(decoded, { Name: 'a', Tty: true, Size: 3, Env: [], Labels: {}, Inner: { HostIp: '::' } });
});

test('null within a list or a map is an empty text', () => {
  const { Env, Labels } = decodeJson(schema, { Env: ['a', null], Labels: { b: null }, Inner: {} }, 'T');
  assert.deepEqual({ Env, Labels }, { Env: ['a', ''], Labels: { b: '' } });
});

test('a value of the wrong type is refused in the words of Go', () => {
  const rest = { Inner: {} };
  for (const [value, message] of [
    [{ ...rest, Tty: 'x' }, 'json: cannot unmarshal string into Go struct field T.Tty of type bool'],
    [{ ...rest, Name: 1 }, 'json: cannot unmarshal number into Go struct field T.Name of type string'],
    [{ ...rest, Size: 1.5 }, 'json: cannot unmarshal number 1.5 into Go struct field T.Size of type int64'],
    [{ ...rest, Env: { a: 1 } }, 'json: cannot unmarshal object into Go struct field T.Env of type []string'],
    [
      { ...rest, Labels: ['a'] },
      'json: cannot unmarshal array into Go struct field T.Labels of type map[string]string',
    ],
    [{ ...rest, Labels: { a: 1 } }, 'json: cannot unmarshal number into Go struct field T.Labels.a of type string'],
    [{ Inner: [] }, 'json: cannot unmarshal array into Go struct field T.Inner of type struct'],
    [{ Inner: { HostIp: true } }, 'json: cannot unmarshal bool into Go struct field T.Inner.HostIp of type string'],
  ] as const) {
    assert.throws(() => decodeJson(schema, value, 'T'), {
      code: 'invalid-argument',
      message: `invalid JSON: ${message}`,
    });
  }
});
