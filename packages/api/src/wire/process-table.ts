import { readFile, stat } from 'node:fs/promises';

const titles = ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'] as const;

/** Ticks of /proc's times in a second: USER_HZ, the same on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** True for what `docker top` asks for unless told otherwise: that is read from /proc, anything else is left to ps(1). */
export function isDefaultTop(psArguments: string | undefined): boolean {
  return psArguments === undefined || psArguments === '-ef' || psArguments === 'ef';
}

/** The answer to `GET /containers/{id}/top`: what `ps -ef` says of these processes. */
export async function presentTop(pids: readonly number[]) {
  const bootTime = Date.now() / 1000 - Number((await readFile('/proc/uptime', 'utf8')).split(' ')[0]);
  const users = userNames(await readFile('/etc/passwd', 'utf8').catch(() => ''));
  // A process may end while we look: it is left out then, as ps does.
  const rows = await Promise.all(pids.map((pid) => processRow(pid, bootTime, users).catch(() => undefined)));
  return { Titles: titles, Processes: rows.filter((row) => row !== undefined) };
}

async function processRow(pid: number, bootTime: number, users: ReadonlyMap<number, string>): Promise<string[]> {
  const folder = `/proc/${pid}`;
  const [status, commandLine, { uid }] = await Promise.all([
    readFile(`${folder}/stat`, 'utf8'),
    readFile(`${folder}/cmdline`, 'utf8'),
    stat(folder),
  ]);
  const name = status.slice(status.indexOf('(') + 1, status.lastIndexOf(')'));
  // proc(5): the fields after the name, which is the second and may contain anything.
  const fields = status
    .slice(status.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [parent = 0, terminal = 0, user = 0, system = 0, start = 0] = [1, 4, 11, 12, 19].map((index) => fields[index]);
  const seconds = Math.floor((user + system) / ticksPerSecond);
  const startedAt = bootTime + start / ticksPerSecond;
  const lifetime = Math.max(1, Date.now() / 1000 - startedAt);
  return [
    users.get(uid) ?? String(uid),
    String(pid),
    String(parent),
    String(Math.floor((100 * seconds) / lifetime)),
    startText(startedAt * 1000),
    terminalText(terminal),
    durationText(seconds),
    commandLine.replaceAll('\0', ' ').trim() || `[${name}]`,
  ];
}

/** Clock time of today's processes, month and day of older ones. */
function startText(milliseconds: number): string {
  const started = new Date(milliseconds);
  const text = started.toString();
  return Date.now() - milliseconds < 86_400_000 ? text.slice(16, 21) : text.slice(4, 10).replace(' ', '');
}

/** Device numbers of pseudo terminals have majors 136 to 143. */
function terminalText(device: number): string {
  const major = (device >> 8) & 0xfff;
  return major >= 136 && major <= 143 ? `pts/${(device & 0xff) + (major - 136) * 256}` : '?';
}

function durationText(seconds: number): string {
  return [seconds / 3600, (seconds / 60) % 60, seconds % 60]
    .map((part) => String(Math.floor(part)).padStart(2, '0'))
    .join(':');
}

function userNames(passwd: string): ReadonlyMap<number, string> {
  const lines = passwd.split('\n').map((line) => line.split(':'));
  return new Map(lines.flatMap(([name, , uid]) => (name && uid ? [[Number(uid), name] as const] : [])));
}
