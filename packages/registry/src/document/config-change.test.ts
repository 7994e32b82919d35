import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { applyConfigChanges } from './config-change.ts';
import type { ImageRunConfig } from './image-config.ts';

describe('applyConfigChanges', () => {
  const table: [changes: string[], expected: ImageRunConfig][] = [
    [['CMD ["/bin/sh", "-c", "date"]'], { Cmd: ['/bin/sh', '-c', 'date'] }],
    [['CMD date -u'], { Cmd: ['/bin/sh', '-c', 'date -u'] }],
    [['cmd ["a"]', 'CMD ["b"]'], { Cmd: ['b'] }],
    [['ENTRYPOINT ["/app"]'], { Entrypoint: ['/app'], Cmd: null }],
    [['ENTRYPOINT []'], { Entrypoint: null, Cmd: null }],
    [['CMD a', 'ENTRYPOINT ["/app"]'], { Entrypoint: ['/app'], Cmd: ['/bin/sh', '-c', 'a'] }],
    [['CMD []'], { Cmd: [] }],
    [['ENV A=1', 'ENV B=$A$A'], { Env: ['A=1', 'B=11'] }],
    [['EXPOSE 8080:80'], { ExposedPorts: { '80/tcp': {} } }],
    [['ENV A=1 B="two words"', 'ENV A=3'], { Env: ['A=3', 'B=two words'] }],
    [['ENV A some words'], { Env: ['A=some words'] }],
    [['ENV A=x\\ y'], { Env: ['A=x y'] }],
    [
      ['EXPOSE 80 53/udp', 'EXPOSE 90-91/TCP'],
      { ExposedPorts: { '80/tcp': {}, '53/udp': {}, '90/tcp': {}, '91/tcp': {} } },
    ],
    [['LABEL a=b "c d"=\'e f\''], { Labels: { a: 'b', 'c d': 'e f' } }],
    [['VOLUME /data /cache', 'VOLUME ["/with space"]'], { Volumes: { '/data': {}, '/cache': {}, '/with space': {} } }],
    [['WORKDIR /srv', 'WORKDIR app'], { WorkingDir: '/srv/app' }],
    [['USER 1000:1000', 'STOPSIGNAL SIGINT'], { User: '1000:1000', StopSignal: 'SIGINT' }],
    [['ONBUILD RUN make'], { OnBuild: ['RUN make'] }],
    [['HEALTHCHECK NONE'], { Healthcheck: { Test: ['NONE'] } }],
    [
      ['HEALTHCHECK --interval=1m30s --timeout=500ms --retries=3 CMD curl -f localhost'],
      { Healthcheck: { Test: ['CMD-SHELL', 'curl -f localhost'], Interval: 9e10, Timeout: 5e8, Retries: 3 } },
    ],
    [['HEALTHCHECK CMD ["true"]'], { Healthcheck: { Test: ['CMD', 'true'] } }],
  ];
  for (const [changes, expected] of table) {
    it(`understands ${changes.join('; ')}`, () => {
      assert.deepEqual(applyConfigChanges({}, changes), expected);
    });
  }

  it('keeps what is not changed', () => {
    const config = { Env: ['PATH=/bin'], User: 'joe', Labels: { a: '1' } };
    assert.deepEqual(applyConfigChanges(config, ['ENV A=1', 'LABEL b=2']), {
      Env: ['PATH=/bin', 'A=1'],
      User: 'joe',
      Labels: { a: '1', b: '2' },
    });
  });

  const faults: [change: string, message: string][] = [
    ['RUN make', 'run is not a valid change command'],
    ['MAKE run', 'make is not a valid change command'],
    ['LABEL', 'LABEL requires at least one argument'],
    ['ENV A', 'ENV must have two arguments'],
    ['ENV =x', 'ENV names can not be blank'],
    ['LABEL a=b c', 'Syntax error - can\'t find = in "c". Must be of the form: name=value'],
    ['EXPOSE x', 'Invalid containerPort: x'],
    ['EXPOSE 80/icmp', 'Invalid proto: icmp'],
    ['HEALTHCHECK RUN x', 'Unknown type "RUN" in HEALTHCHECK (try CMD)'],
    ['HEALTHCHECK --interval=x CMD y', 'time: invalid duration "x"'],
  ];
  for (const [change, message] of faults) {
    it(`refuses ${change}`, () => {
      assert.throws(() => applyConfigChanges({}, [change]), { code: 'invalid-argument', message });
    });
  }
});
