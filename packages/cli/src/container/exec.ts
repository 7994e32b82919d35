import { readFileSync } from 'node:fs';
import type { Action } from '../command/command.ts';
import { joinStreams } from '../connection/terminal-session.ts';

/** `fairlead exec`. */
export const exec: Action = async ({ words: [name = '', ...command], options, engine }) => {
  const tty = options.flag('tty');
  const detach = options.flag('detach');
  const stdin = options.flag('interactive') && !detach;
  const { Id } = await engine.ask<{ Id: string }>('POST', `/containers/${name}/exec`, {
    body: {
      Cmd: command,
      User: options.text('user') ?? '',
      WorkingDir: options.text('workdir') ?? '',
      Env: [...options.list('env-file').flatMap(linesOf), ...options.list('env')],
      Tty: tty,
      Privileged: options.flag('privileged'),
      AttachStdin: stdin,
      AttachStdout: !detach,
      AttachStderr: !detach,
      DetachKeys: options.text('detach-keys') ?? '',
    },
  });
  if (detach) {
    await engine.ask('POST', `/exec/${Id}/start`, { body: { Detach: true, Tty: tty } });
    return 0;
  }
  const remote = await engine.hijack(`/exec/${Id}/start`, { body: { Detach: false, Tty: tty } });
  const resize = (rows: number, columns: number): Promise<unknown> =>
    engine.ask('POST', `/exec/${Id}/resize`, { query: { h: rows, w: columns } });
  await joinStreams(remote, { tty, stdin, resize });
  const { ExitCode } = await engine.ask<{ ExitCode: number | null }>('GET', `/exec/${Id}/json`);
  return ExitCode ?? 0;
};

function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8')
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '' && !line.startsWith('#'));
}
