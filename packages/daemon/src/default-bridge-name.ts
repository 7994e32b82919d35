import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** What Docker calls its default bridge, and so does this engine where it is alone. */
const DOCKERS = 'docker0';
/** Where dockerd has that one: two engines that give out the addresses of one bridge give some of them twice. */
const OWN = 'fairlead0';
/** Where dockerd looks for its configuration when it is not told. */
const DOCKERS_CONFIGURATION = '/etc/docker/daemon.json';

/**
 * The name of the default bridge where the operator has named none; one that containers are on stays what it is. Docker's
 * is left to a dockerd that has come in the meantime.
 *
 * @param known what it was called up to now: our own name is kept, whoever goes.
 */
export function defaultBridgeName(known: string | undefined, isOfOther: (bridge: string) => boolean): string {
  return known === OWN || isOfOther(DOCKERS) ? OWN : DOCKERS;
}

/** Whether a dockerd of this network namespace takes a bridge for its own, whoever has made it. */
export function isOfDockerd(bridge: string): boolean {
  return bridge === DOCKERS && mayHaveDockerd() && runningHere('dockerd').some((pid) => bridgeOf(pid) === bridge);
}

/**
 * False when no dockerd runs in this network namespace. From its first moments it listens at sockets in folders of its name, and
 * for as long as it lives at one of libnetwork (moby: libnetwork/sandbox_externalkey_unix.go): one file tells, where every
 * process would have to be looked at.
 */
function mayHaveDockerd(): boolean {
  return /docker|libnetwork/.test(readFileSync('/proc/net/unix', 'latin1'));
}

/** The default bridge of a dockerd. */
function bridgeOf(pid: string): string {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(1);
    return flagIn(words, '--bridge', '-b') ?? configured(pid, flagIn(words, '--config-file')) ?? DOCKERS;
  } catch {
    // It ended meanwhile.
    return '';
  }
}

/** The last value of a flag, as pflag reads it: `--bridge none`, `--bridge=none`, `-b none`. */
export function flagIn(words: readonly string[], ...names: readonly string[]): string | undefined {
  return words.reduce<string | undefined>((found, word, at) => {
    if (names.includes(word)) return words[at + 1] ?? found;
    const name = names.find((each) => word.startsWith(`${each}=`));
    return name === undefined ? found : word.slice(name.length + 1);
  }, undefined);
}

function configured(pid: string, path = DOCKERS_CONFIGURATION): string | undefined {
  try {
    const { bridge } = JSON.parse(readFileSync(join(`/proc/${pid}/root`, path), 'utf8'));
    return typeof bridge === 'string' && bridge !== '' ? bridge : undefined;
  } catch {
    // It has none, or none that it could have read.
    return undefined;
  }
}

/** Process ids of a program that runs in the network namespace of this process. @param program as in /proc/PID/comm (proc(5)). */
export function runningHere(program: string): string[] {
  const here = readlinkSync('/proc/self/ns/net');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        if (readFileSync(`/proc/${pid}/comm`, 'utf8') !== `${program}\n`) return false;
        return readlinkSync(`/proc/${pid}/ns/net`) === here;
      } catch {
        // It ended meanwhile.
        return false;
      }
    });
}
