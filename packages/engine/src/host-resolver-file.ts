import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { parseResolvConf } from '@fairlead/network';

/** Where the host says which name servers it uses. systemd-resolved's stub would be no use to a container. */
const RESOLV_CONF = '/etc/resolv.conf';
const SYSTEMD_RESOLV_CONF = '/run/systemd/resolve/resolv.conf';

/**
 * Milliseconds between two looks. The file may be written, replaced, a link that is turned elsewhere, or a mount: a look
 * sees all of these, a watch of the kernel's sees some of them.
 */
const INTERVAL = 1000;

/** The host's resolver configuration and the file it came from. */
export function readHostResolvConf(): { readonly text: string; readonly source: string } {
  const text = readOptional(RESOLV_CONF);
  const { servers } = parseResolvConf(text);
  if (servers.length !== 1 || servers[0] !== '127.0.0.53') return { text, source: RESOLV_CONF };
  const real = readOptional(SYSTEMD_RESOLV_CONF);
  return real === '' ? { text, source: RESOLV_CONF } : { text: real, source: SYSTEMD_RESOLV_CONF };
}

/** Call `changed` whenever the host's resolver configuration says something else than before. */
export function watchHostResolvConf(changed: () => void): Disposable {
  let known = readHostResolvConf().text;
  const look = () => {
    const { text } = readHostResolvConf();
    if (text === known) return;
    known = text;
    changed();
  };
  const paths = [RESOLV_CONF, SYSTEMD_RESOLV_CONF];
  for (const path of paths) watchFile(path, { persistent: false, interval: INTERVAL }, look);
  return {
    [Symbol.dispose]() {
      for (const path of paths) unwatchFile(path, look);
    },
  };
}

function readOptional(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
