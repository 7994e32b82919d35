import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { FairleadError, hasSystemCode, messageOf } from '@fairlead/base';

const run = promisify(execFile);
/** Milliseconds that ps(1) may take, and bytes that it may say. */
const limits = { timeout: 10_000, maxBuffer: 16 * 1024 * 1024 };

/** The answer to `GET /containers/{id}/top`. */
export interface ProcessTable {
  readonly Titles: readonly string[];
  readonly Processes: readonly (readonly string[])[];
}

/**
 * What the machine's own ps(1) says of some processes, as dockerd asks it: with the caller's arguments, and of these
 * processes alone where those arguments allow it.
 *
 * @throws FairleadError `invalid-argument` for arguments that hide the process ids, or in the words of ps.
 */
export async function processTable(psArguments: string, pids: readonly number[]): Promise<ProcessTable> {
  requireHonestArguments(psArguments);
  if (psArguments.includes('\0')) throw new FairleadError('invalid-argument', 'ps: fork/exec ps: invalid argument');
  const words = psArguments.split(' ').filter((word) => word !== '');
  const output = await ps([...words, `-q${pids.join(',')}`]).catch(() => ps(words));
  return parsePsOutput(output, pids);
}

/** Another column must not be called like that of the process ids. @throws FairleadError `invalid-argument`. */
export function requireHonestArguments(psArguments: string): void {
  for (const [, column, title] of psArguments.matchAll(/\s+([^\s=]*)=\s*(PID\S*)/g)) {
    if (column !== 'pid') {
      throw new FairleadError('invalid-argument', `specifying "${column}=${title}" is not allowed`);
    }
  }
}

/**
 * Titles and rows of the wanted processes. The last column may have spaces in it; rows without a process id are threads of
 * the process above.
 *
 * @throws FairleadError `invalid-argument` in dockerd's words.
 */
export function parsePsOutput(output: string, pids: readonly number[]): ProcessTable {
  const [head = '', ...lines] = output.split('\n');
  const titles = words(head);
  const column = titles.indexOf('PID');
  if (column < 0) throw new FairleadError('invalid-argument', "Couldn't find PID field in ps output");
  let isWanted = false;
  const rows = lines
    .map(words)
    .filter((fields) => fields.length > 0)
    .filter((fields) => {
      const pid = fields[column] ?? '';
      if (pid === '-') return isWanted;
      if (!/^\d+$/.test(pid)) {
        const reason = `strconv.Atoi: parsing ${JSON.stringify(pid)}: invalid syntax`;
        throw new FairleadError('invalid-argument', `Unexpected pid '${pid}': ${reason}`);
      }
      isWanted = pids.includes(Number(pid));
      return isWanted;
    });
  const last = titles.length - 1;
  return { Titles: titles, Processes: rows.map((row) => [...row.slice(0, last), row.slice(last).join(' ')]) };
}

function words(line: string): string[] {
  return line.split(/[ \t\v\f\r]+/).filter((word) => word !== '');
}

async function ps(words: readonly string[]): Promise<string> {
  try {
    return (await run('ps', [...words], limits)).stdout;
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) {
      throw new FairleadError('internal', 'ps: exec: "ps": executable file not found in $PATH');
    }
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).split('\n')[0] : '';
    // Arguments that select nothing are no mistake: ps writes the head alone, and exits with 1.
    if (!said && error instanceof Error && 'stdout' in error && error.stdout) return String(error.stdout);
    // dockerd answers 500 to what ps does not understand: here it is the caller's mistake that it is.
    throw new FairleadError(said ? 'invalid-argument' : 'internal', `ps: ${said || messageOf(error)}`);
  }
}
