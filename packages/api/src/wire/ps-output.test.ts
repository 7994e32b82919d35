import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePsOutput, processTable, requireHonestArguments } from './ps-output.ts';

test('the rows of the wanted processes are taken, with the threads below them', () => {
  const output = '  PID TTY CMD\n    7 ?   sh -c  true\n    - ?   thread\n    8 ?   other\n    - ?   thread\n\n';
  assert.deepEqual(parsePsOutput(output, [7]), {
    Titles: ['PID', 'TTY', 'CMD'],
    Processes: [
      ['7', '?', 'sh -c true'],
      ['-', '?', 'thread'],
    ],
  });
});

test('without process ids nothing can be told', () => {
  assert.throws(() => parsePsOutput('CMD\nsh\n', [1]), { message: "Couldn't find PID field in ps output" });
  assert.throws(() => parsePsOutput('PID CMD\nx sh\n', [1]), /Unexpected pid 'x': strconv\.Atoi/);
});

test('no other column may be called like the process ids', () => {
  requireHonestArguments('-o pid=PID,cmd');
  requireHonestArguments('-eo pid,comm');
  assert.throws(() => requireHonestArguments('-o ppid=PID'), { message: 'specifying "ppid=PID" is not allowed' });
});

test('the machine’s ps is asked, and what it refuses is said in its words', async () => {
  const { Titles, Processes } = await processTable('-o pid,ppid', [process.pid]);
  assert.deepEqual(Titles, ['PID', 'PPID']);
  assert.deepEqual(Processes, [[String(process.pid), String(process.ppid)]]);
  assert.deepEqual((await processTable('-C no-such-program', [process.pid])).Processes, []);
  await assert.rejects(
    processTable('--no-such-option', [process.pid]),
    /^[^:]*: ps: .*(unknown gnu long option|no-such-option)/,
  );
  await assert.rejects(processTable('-o pid\0', [process.pid]), { code: 'invalid-argument', message: /^ps: / });
});
