import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What Docker calls its default bridge, and so does this engine where it is alone. */
const DOCKERS = 'docker0';
/** Where dockerd has that one: two engines that give out the addresses of one bridge give some of them twice. */
const OWN = 'fairlead0';

/**
 * The name of the default bridge where the operator has named none.
 *
 * @param known what it was called up to now: that is kept, whoever comes or goes.
 * @param hasDockerd asked only when it has no name yet.
 */
export function defaultBridgeName(known: string | undefined, hasDockerd: () => boolean): string {
  if (known === DOCKERS || known === OWN) return known;
  return hasDockerd() ? OWN : DOCKERS;
}

/** Whether a program runs in the network namespace of this process. @param program as in /proc/PID/comm (proc(5)). */
export function runsHere(program: string): boolean {
  const here = readlinkSync('/proc/self/ns/net');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      try {
        if (readFileSync(`/proc/${pid}/comm`, 'utf8') !== `${program}\n`) return false;
        return readlinkSync(`/proc/${pid}/ns/net`) === here;
      } catch {
        // It ended meanwhile.
        return false;
      }
    });
}
