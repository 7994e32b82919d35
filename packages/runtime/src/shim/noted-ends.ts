import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExitStatus } from '../containerd/task-types.ts';

/** Where it is noted how containers end while a containerd comes up: in the directory of its state. */
export function notedEndsPath(state: string): string {
  return join(state, 'untold-ends');
}

/** Notes ends as lines of a file, from an empty one on: who notes them and who reads them do not live at the same time. */
export class EndNotes {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    writeFileSync(path, '', { mode: 0o600 });
  }

  set(containerId: string, { code, exitedAt }: ExitStatus): void {
    appendFileSync(this.#path, `${JSON.stringify({ containerId, code, exitedAt: exitedAt.getTime() })}\n`);
  }
}

/** What was noted last, by container id; a line that a kill has cut off is none. */
export function readNotedEnds(path: string): Map<string, ExitStatus> {
  const ends = new Map<string, ExitStatus>();
  for (const line of linesOf(path)) {
    try {
      const { containerId, code, exitedAt }: NotedEnd = JSON.parse(line);
      ends.set(containerId, { code, exitedAt: new Date(exitedAt) });
    } catch {
      // Cut off.
    }
  }
  return ends;
}

interface NotedEnd {
  readonly containerId: string;
  readonly code: number;
  /** Milliseconds since the epoch. */
  readonly exitedAt: number;
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}
