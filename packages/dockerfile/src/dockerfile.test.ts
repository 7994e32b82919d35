import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDockerfile, parseInstructions } from './dockerfile.ts';

/** The one instruction of a text, without where it stood. */
function only(text: string): Record<string, unknown> {
  const [instruction, ...more] = parseInstructions(text);
  assert.deepEqual(more, []);
  assert.ok(instruction !== undefined);
  const { code: _, line: __, ...order } = instruction;
  return order;
}

const transfer = { owner: '', mode: '', flags: [] };
const noCheck = { interval: 0, timeout: 0, startPeriod: 0, startInterval: 0, retries: 0 };

test('every instruction is understood in all of its forms', () => {
  const table: [text: string, expected: Record<string, unknown>][] = [
    ['FROM busybox', { kind: 'from', image: 'busybox', stage: '', platform: '' }],
    [
      'from --platform=linux/arm64 busybox:1 aS Base.2_x',
      { kind: 'from', image: 'busybox:1', stage: 'base.2_x', platform: 'linux/arm64' },
    ],
    ['ARG a', { kind: 'arg', arguments: [{ name: 'a' }] }],
    [
      'ARG a=1 b="x y" c=',
      {
        kind: 'arg',
        arguments: [
          { name: 'a', value: '1' },
          { name: 'b', value: '"x y"' },
          { name: 'c', value: '' },
        ],
      },
    ],
    ['RUN echo  a "b c"', { kind: 'run', command: { words: ['echo  a "b c"'], form: 'shell' }, flags: [] }],
    ['RUN [ "a", "b\\n\\u0041" ] ', { kind: 'run', command: { words: ['a', 'b\nA'], form: 'exec' }, flags: [] }],
    ["RUN ['a']", { kind: 'run', command: { words: ["['a']"], form: 'shell' }, flags: [] }],
    ['RUN ["a"', { kind: 'run', command: { words: ['["a"'], form: 'shell' }, flags: [] }],
    ['RUN', { kind: 'run', command: { words: [], form: 'shell' }, flags: [] }],
    ['RUN --mount=type=cache,target=/x a', { kind: 'run', command: { words: ['a'], form: 'shell' }, flags: ['mount'] }],
    ['RUN -- --a', { kind: 'run', command: { words: ['--a'], form: 'shell' }, flags: [] }],
    ['CMD []', { kind: 'cmd', command: { words: [], form: 'exec' } }],
    ['ENTRYPOINT /app', { kind: 'entrypoint', command: { words: ['/app'], form: 'shell' } }],
    ['COPY a b c/', { kind: 'copy', from: '', sources: ['a', 'b'], destination: 'c/', ...transfer }],
    ['COPY ["a b", "c d"]', { kind: 'copy', from: '', sources: ['a b'], destination: 'c d', ...transfer }],
    [
      'COPY --from=0 --chown="1:2" --chmod=755 a b',
      {
        kind: 'copy',
        from: '0',
        sources: ['a'],
        destination: 'b',
        owner: '1:2',
        mode: '755',
        flags: ['from', 'chown', 'chmod'],
      },
    ],
    ['ADD a\tb', { kind: 'add', sources: ['a'], destination: 'b', ...transfer }],
    [
      'ENV a=b "c d"=e f=g\\ h',
      {
        kind: 'env',
        pairs: [
          { name: 'a', value: 'b' },
          { name: '"c d"', value: 'e' },
          { name: 'f', value: 'g\\ h' },
        ],
      },
    ],
    ['ENV a  b  c=d ', { kind: 'env', pairs: [{ name: 'a', value: 'b  c=d' }] }],
    ['LABEL a=b', { kind: 'label', pairs: [{ name: 'a', value: 'b' }] }],
    ['MAINTAINER Joe <a@b>', { kind: 'maintainer', text: 'Joe <a@b>' }],
    ['EXPOSE 80 53/udp  $P', { kind: 'expose', ports: ['$P', '53/udp', '80'] }],
    ['VOLUME /a /b', { kind: 'volume', paths: ['/a', '/b'] }],
    ['VOLUME ["/a b"]', { kind: 'volume', paths: ['/a b'] }],
    ['USER 1:2', { kind: 'user', user: '1:2' }],
    ['WORKDIR /a b', { kind: 'workdir', path: '/a b' }],
    ['STOPSIGNAL 9', { kind: 'stopsignal', signal: '9' }],
    ['SHELL ["/bin/sh", "-e"]', { kind: 'shell', words: ['/bin/sh', '-e'] }],
    ['ONBUILD  COPY a b', { kind: 'onbuild', trigger: 'COPY a b' }],
    ['HEALTHCHECK NONE', { kind: 'healthcheck', check: { ...noCheck, test: ['NONE'] } }],
    ['HEALTHCHECK cmd a b', { kind: 'healthcheck', check: { ...noCheck, test: ['CMD-SHELL', 'a b'] } }],
    [
      'HEALTHCHECK --interval=1m30s --timeout=500ms --start-period=0s --retries=3 CMD ["a", "b"]',
      { kind: 'healthcheck', check: { ...noCheck, test: ['CMD', 'a', 'b'], interval: 9e10, timeout: 5e8, retries: 3 } },
    ],
  ];
  for (const [text, expected] of table) assert.deepEqual(only(text), expected, text);
});

test('a Dockerfile is arguments and stages', () => {
  const { globalArguments, stages } = parseDockerfile('ARG A=1\nFROM x AS one\nRUN a\nFROM one\nARG A\nCMD b');
  assert.deepEqual(
    globalArguments.map(({ code }) => code),
    ['ARG A=1'],
  );
  assert.deepEqual(
    stages.map(({ from, instructions }) => [from.code, ...instructions.map(({ code }) => code)]),
    [
      ['FROM x AS one', 'RUN a'],
      ['FROM one', 'ARG A', 'CMD b'],
    ],
  );
});

test('faults are told in the words of dockerd 20.10', () => {
  const line = (message: string) => `dockerfile parse error line 2: ${message}`;
  const form = (message: string) => `failed to parse Dockerfile: ${message}`;
  const two = 'requires at least two arguments, but only one was provided. Destination could not be determined';
  const table: [text: string, message: string][] = [
    ['foo bar', line('unknown instruction: FOO')],
    ['constructor bar', line('unknown instruction: CONSTRUCTOR')],
    ['ENV a', form('ENV must have two arguments')],
    ['ENV', line('ENV requires at least one argument')],
    ['ENV =x', line('ENV names can not be blank')],
    ['ENV a=b c', form('Syntax error - can\'t find = in "c". Must be of the form: name=value')],
    ['MAINTAINER', line('MAINTAINER requires exactly one argument')],
    ['FROM a b', line('FROM requires either one or three arguments')],
    ['FROM a AS 1b', line('invalid name for build stage: "1b", name can\'t start with a number or contain symbols')],
    ['FROM --x=y a', line('Unknown flag: x')],
    ['COPY a', line(`COPY ${two}`)],
    ['ADD', line(`ADD ${two}`)],
    ['COPY --link a b', line('Unknown flag: link')],
    ['RUN --network=none a', line('Unknown flag: network')],
    ['CMD ["a", 1]', form('when using JSON array syntax, arrays must be comprised of strings only')],
    ['CMD --x=1 a', line('Unknown flag: x')],
    ['HEALTHCHECK', line('HEALTHCHECK requires at least one argument')],
    ['HEALTHCHECK NONE x', line('HEALTHCHECK NONE takes no arguments')],
    ['HEALTHCHECK CMD', line('Missing command after HEALTHCHECK CMD')],
    ['HEALTHCHECK foo x', line('Unknown type "FOO" in HEALTHCHECK (try CMD)')],
    ['HEALTHCHECK --interval=5 CMD x', line('time: missing unit in duration "5"')],
    ['HEALTHCHECK --interval=5y CMD x', line('time: unknown unit "y" in duration "5y"')],
    ['HEALTHCHECK --interval=1us CMD x', line('Interval "interval" cannot be less than 1ms')],
    ['HEALTHCHECK --interval=-5s CMD x', line('Interval "interval" cannot be less than 1ms')],
    ['HEALTHCHECK --retries=0 CMD x', line('--retries must be at least 1 (not 0)')],
    ['HEALTHCHECK --retries=a CMD x', line('strconv.ParseInt: parsing "a": invalid syntax')],
    ['HEALTHCHECK --interval=1s --interval=1s CMD x', line('Duplicate flag specified: interval')],
    ['HEALTHCHECK --interval CMD x', line('Missing a value on flag: interval')],
    ['EXPOSE', line('EXPOSE requires at least one argument')],
    ['VOLUME [""]', line('VOLUME specified can not be an empty string')],
    ['ARG =x', line('ARG names can not be blank')],
    ['SHELL /bin/sh', line('SHELL requires the arguments to be in JSON form')],
    ['SHELL []', line('SHELL requires at least one argument')],
    ['ONBUILD ONBUILD RUN x', line("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")],
    ['ONBUILD from x', line("FROM isn't allowed as an ONBUILD trigger")],
  ];
  for (const [text, message] of table) {
    assert.throws(() => parseDockerfile(`FROM a\n${text}`), { code: 'invalid-argument', message }, text);
  }
  for (const text of ['RUN x', 'ARG x']) {
    assert.throws(() => parseDockerfile(text), { message: 'no build stage in current context' }, text);
  }
});
