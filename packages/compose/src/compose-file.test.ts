import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCompose } from './compose-file.ts';
import type { Environment } from './variables.ts';
import { readYaml, writeYaml } from './yaml-text.ts';

function load(texts: readonly string[], environment: Environment = {}, files: Readonly<Record<string, string>> = {}) {
  return loadCompose(texts.map(readYaml), {
    environment,
    locate: (path) => (path.startsWith('/') ? path : `/at/${path}`),
    read: (path) => files[path] ?? '',
  });
}

const web = (fields: string) => `services: {web: {image: a, ${fields}}}`;

test('a leading 0 is octal, mappings can be merged, what is no mapping is refused', () => {
  assert.deepEqual(readYaml('a: &x {b: 0440}\nc: {<<: *x, d: 0o17, e: 09}'), {
    a: { b: 0o440 },
    c: { b: 0o440, d: 0o17, e: 9 },
  });
  assert.throws(() => readYaml('- a'), { message: 'top-level object must be a mapping' });
  assert.throws(() => readYaml('a: 1\na: 2'), /^FairleadError: yaml: line 2: Map keys must be unique/);
});

const filled: readonly [text: string, environment: Environment, value: string][] = [
  ['$A', { A: 'x' }, 'x'],
  [`\${A}\${B}`, { A: 'x' }, 'x'],
  [`\${A:-d}\${B-e}\${C:-}`, { A: '', B: '' }, 'd'],
  [`\${A?no}`, { A: '' }, ''],
  [`$$A $\${B}`, { A: 'x' }, `$A \${B}`],
];

for (const [text, environment, value] of filled) {
  test(`${text} becomes '${value}'`, () => {
    assert.equal(load([web(`hostname: '${text}'`)], environment).services['web']?.hostname ?? '', value);
  });
}

test('a variable that is needed, and what is no variable, are refused with their place', () => {
  assert.throws(() => load([web(`hostname: '\${A:?say it}'`)]), {
    message:
      'invalid interpolation format for services.web.hostname: "required variable A is missing a value: say it"; you may ' +
      'need to escape any $ with another $',
  });
  assert.throws(() => load([web("command: ['$']")]), /for services\.web\.command\.\[\]: "\$"; you may need/);
});

test('texts that are filled in are numbers where numbers belong', () => {
  const { services } = load([web('tty: $T, deploy: {replicas: $N}')], { T: 'yes', N: '3' });
  assert.deepEqual([services['web']?.tty, services['web']?.deploy?.replicas], [true, 3]);
});

test('variables of files come before those of the service, and empty ones are the caller’s', () => {
  const { services } = load(
    [web('env_file: [e], environment: {B: own, C: , D: }')],
    { C: 'mine' },
    { '/at/e': 'A=1\nB=2\nC\nE' },
  );
  assert.deepEqual(services['web']?.environment, { A: '1', B: 'own', C: 'mine', D: null });
});

test('a later file adds to lists, and goes over what has the same key', () => {
  const { services } = load([
    web('dns: [a], ports: ["80:80"], volumes: ["v:/x"], command: [a, b], logging: {driver: one, options: {a: b}}'),
    web('dns: b, ports: ["80:81", "82:82"], volumes: ["/w:/x"], command: c, logging: {driver: two}'),
  ]);
  const { dns, ports = [], volumes = [], command, logging } = services['web'] ?? {};
  assert.deepEqual([dns, command, logging], [['a', 'b'], ['c'], { driver: 'two' }]);
  assert.deepEqual(
    ports.map(({ target }) => target),
    [81, 82],
  );
  assert.deepEqual(volumes, [{ type: 'bind', source: '/w', target: '/x' }]);
});

test('what is printed is read as the same', () => {
  const values = {
    a: 'n',
    b: '80',
    c: '1.5e3',
    d: '',
    e: 'x: y',
    f: 'two\nlines\n',
    g: '.',
    h: "it's",
    i: null,
    j: '0x1f',
  };
  assert.deepEqual(readYaml(writeYaml(values)), values);
  assert.match(writeYaml(values), /^a: "n"\nb: "80"\nc: "1.5e3"\nd: ""\ne: 'x: y'\nf: \|\n {2}two\n/);
});

test('how readily a service is ended for want of memory is read', () => {
  assert.equal(load([web('oom_score_adj: 5')]).services['web']?.oom_score_adj, 5);
  assert.equal(load([web('oom_score_adj: $A')], { A: '-7' }).services['web']?.oom_score_adj, -7);
});
