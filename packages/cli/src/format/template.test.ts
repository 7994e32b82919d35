import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileHeadings, compileTemplate } from './template.ts';

const container = {
  Name: '/web',
  State: { Running: true, Pid: 42, Error: '' },
  Ports: [{ P: 80 }, { P: 443 }],
  Labels: { b: '2', a: '1' },
  NetworkSettings: { Networks: { app: { IPAddress: '172.18.0.2' }, back: { IPAddress: '172.19.0.2' } } },
  Nothing: null,
  Label: (key: string) => ({ tier: 'front' })[key] ?? '',
  Server: { ApiVersion: '1.51' },
};

const cases: readonly [template: string, output: string][] = [
  ['plain', 'plain'],
  ['{{.Name}}', '/web'],
  ['{{ .State.Pid }}', '42'],
  ['{{json .Ports}}', '[{"P":80},{"P":443}]'],
  ['{{.Labels}}', 'map[a:1 b:2]'],
  ['{{.Ports}}', '[map[P:80] map[P:443]]'],
  ['{{range .Ports}}{{.P}} {{end}}', '80 443 '],
  ['{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}', 'a=1;b=2;'],
  ['{{range $i, $p := .Ports}}{{if $i}},{{end}}{{$p.P}}{{end}}', '80,443'],
  ['{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', '172.18.0.2172.19.0.2'],
  ['{{.NetworkSettings.Networks.app.IPAddress}}', '172.18.0.2'],
  ['{{(index .NetworkSettings.Networks "back").IPAddress}}', '172.19.0.2'],
  ['{{index .Labels "a"}}', '1'],
  ['{{if .State.Running}}up{{else}}down{{end}}', 'up'],
  ['{{if .State.Error}}bad{{else if eq .State.Pid 42}}right{{else}}wrong{{end}}', 'right'],
  ['{{with .State}}{{.Pid}} {{$.Name}}{{end}}', '42 /web'],
  ['{{$n := .Name}}{{$n | upper}}', '/WEB'],
  ['{{.Name | printf "%-6s|%s" "a"}}', 'a     |/web'],
  ['{{len .Ports}} {{not .State.Running}} {{or .State.Error "none"}}', '2 false none'],
  ['{{join (split "a,b" ",") "-"}}', 'a-b'],
  ['{{.Label "tier"}} {{"tier" | .Label}} {{upper (.Label "tier")}}', 'front front FRONT'],
  ['{{.Server.APIVersion}} {{.name}}', '1.51 /web'],
  ['[{{pad .Name 2 1}}{{pad .State.Error 2 1}}]', '[  /web ]'],
  ['{{le 2 2}} {{ge 1 2}}', 'true false'],
  ['{{.Nothing}}', '<no value>'],
  ['a {{- .State.Pid -}} b', 'a42b'],
  ['{{.Name}}\\t{{.State.Pid}}', '/web\t42'],
];

for (const [template, output] of cases) {
  test(`${template} gives ${JSON.stringify(output)}`, () => {
    assert.equal(compileTemplate(template)(container), output);
  });
}

test('what is malformed is refused before anything is asked', () => {
  for (const template of ['{{if .A}}x', '{{end}}', '{{.A | }}', '{{(.A}}', '{{"a}}', '{{.A', 'a}} {{']) {
    assert.throws(() => compileTemplate(template), /template parsing error/, template);
  }
});

test('the headings of a table stay what they are', () => {
  const headings = { Names: 'NAMES', Ports: 'PORTS' };
  assert.equal(compileHeadings('{{lower .Names}}\t{{join (split .Ports ",") " "}}')(headings), 'NAMES\tPORTS');
});

test('a field that does not exist and a function that does not exist are named', () => {
  assert.throws(() => compileTemplate('{{.Missing}}')(container), /map has no entry for key "Missing"/);
  assert.throws(() => compileTemplate('{{shout .Name}}')(container), /function "shout" not defined/);
});
