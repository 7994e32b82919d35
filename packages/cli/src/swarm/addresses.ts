/** Where a manager listens when nothing is said. */
const listening = { host: '0.0.0.0', port: '2377' };

/**
 * Read a `--listen-addr`: `127.0.0.1`, `eth0:2377`, `:99`, `[::1]`.
 *
 * @returns `HOST:PORT`.
 * @throws Error in docker's words.
 */
export function listenAddress(text: string): string {
  const [, host, port] = /^(?:tcp:\/\/)?(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(text.trim()) ?? [];
  if (host === undefined || host === '[]') throw new Error(`invalid bind address format: ${text}`);
  return `${host || listening.host}:${port || listening.port}`;
}

/** Read a `--default-addr-pool`, which may be several with commas between them. @throws Error in docker's words. */
export function addressPools(text: string): string[] {
  return text.split(',').map((pool) => {
    if (/^(\d+\.){3}\d+\/\d+$|^[\da-f:]*:[\da-f:.]*\/\d+$/i.test(pool.trim())) return pool.trim();
    throw new Error(`invalid string being converted to CIDR: ${pool}`);
  });
}
