import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJson } from '../go-json.ts';
import { always, flag, integer, list, maybe, named, said, struct, text, texts } from './shape.ts';

const inner = struct({ nanoCpus: named('NanoCPUs', maybe(integer)) });
const shape = struct({
  name: always(text, ''),
  labels: always(texts, {}),
  args: maybe(list(text)),
  init: maybe(said(flag)),
  tty: named('TTY', maybe(flag)),
  limits: maybe(inner),
});

test('what comes in goes out again, without what is empty', () => {
  const wire = { Name: 'web', Labels: { a: 'b' }, Args: ['x'], Init: false, TTY: true, Limits: { NanoCPUs: 5 } };
  const model = decodeJson(shape.schema, wire, 'Spec');
  assert.deepEqual(model, {
    ...{ name: 'web', labels: { a: 'b' }, args: ['x'] },
    ...{ init: false, tty: true, limits: { nanoCpus: 5 } },
  });
  assert.deepEqual(shape.show(model), wire);
});

test('keys come in any case, null is absent, zeros are left out, pointers to them are not', () => {
  const model = decodeJson(shape.schema, { NAME: 'x', labels: null, args: [], tTy: false, limits: {} }, 'Spec');
  assert.deepEqual(model, { name: 'x', labels: {}, limits: {} });
  assert.deepEqual(shape.show(model), { Name: 'x', Labels: {}, Limits: {} });
});

test('a value of a wrong type is refused in the words of Go', () => {
  assert.throws(() => decodeJson(shape.schema, { Limits: { NanoCPUs: 'much' } }, 'Spec'), {
    message: 'invalid JSON: json: cannot unmarshal string into Go struct field Spec.Limits.NanoCPUs of type int64',
  });
});
