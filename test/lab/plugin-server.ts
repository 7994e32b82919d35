import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname } from 'node:path';

/** What a plugin is asked, or answers. */
export type Json = Readonly<Record<string, unknown>>;

type Answer = 'hang' | 'die' | { readonly status?: number; readonly body: unknown };

const type = 'application/vnd.docker.plugins.v1.2+json';

/**
 * Serve a plugin as others write them, for both sides of a comparison.
 *
 * Every request is noted as a line of `FOLDER/calls`. `FOLDER/answers.json`, read anew each time, may say something else
 * for a method: `{"status": 500, "body": "..."}`, `"hang"` or `"die"`.
 *
 * @param methods answer by method; what they throw is the plugin's refusal. Others are answered with nothing.
 */
export function servePlugin(
  socket: string,
  folder: string,
  methods: Readonly<Record<string, (request: Json) => unknown>>,
): void {
  const special = (method: string): Answer | undefined => {
    const file = `${folder}/answers.json`;
    if (!existsSync(file)) return undefined;
    return (JSON.parse(readFileSync(file, 'utf8')) as Record<string, Answer>)[method];
  };
  const answer = (method: string, body: Json): { readonly status?: number; readonly body: unknown } => {
    try {
      return { body: (methods[method] ?? (() => ({})))(body) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { body: { Err: reason, Error: reason } };
    }
  };
  const server = createServer(async (request, response) => {
    const method = (request.url ?? '').slice(1);
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const sent = Buffer.concat(pieces).toString();
    const { accept, 'content-type': contentType } = request.headers;
    const noted = { method, accept, contentType, body: sent === '' ? null : JSON.parse(sent) };
    appendFileSync(`${folder}/calls`, `${JSON.stringify(noted)}\n`);
    const other = special(method);
    if (other === 'hang') return;
    if (other === 'die') process.exit(1);
    const { status = 200, body } = other ?? answer(method, sent === '' ? {} : (JSON.parse(sent) ?? {}));
    response.writeHead(status, { 'content-type': type });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  // Alone in a container it would take no notice of it.
  process.once('SIGTERM', () => process.exit(0));
  mkdirSync(dirname(socket), { recursive: true });
  rmSync(socket, { force: true });
  server.listen(socket);
}
