import type { Server, Socket } from 'node:net';
import type { NameServer } from './name-server.ts';
import { FrameReader, frame } from './stream-frame.ts';

/** What one asker may take of a server over TCP. */
export interface StreamLimits {
  readonly connections: number;
  /** Questions of one connection that are under way; while there are more nothing is read from it. */
  readonly questions: number;
  /** Milliseconds within which a connection must complete a question, or take its answers. */
  readonly idle: number;
  /** Octets of answers that a slow reader may leave with us. */
  readonly unread: number;
}

/** Enough for a container, too little to hurt the others. */
export const defaultStreamLimits: StreamLimits = { connections: 64, questions: 32, idle: 10_000, unread: 256 * 1024 };

/** Serve the connections of a listening server: messages with their length, answered in whatever order they are ready. */
export function serveStreams(server: Server, names: NameServer, limits = defaultStreamLimits): Disposable {
  const connections = new Set<Socket>();
  server.on('connection', (socket) => {
    if (connections.size >= limits.connections) {
      socket.destroy();
      return;
    }
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    serveConnection(socket, names, limits);
  });
  server.on('error', () => {});
  return {
    [Symbol.dispose]() {
      server.close();
      for (const socket of connections) socket.destroy();
    },
  };
}

function serveConnection(socket: Socket, names: NameServer, limits: StreamLimits): void {
  const reader = new FrameReader();
  let underWay = 0;
  // Octets alone do not keep a connection, only whole questions do: a client that drips cannot stay.
  const deadline = setTimeout(() => socket.destroy(), limits.idle);
  const answer = async (request: Uint8Array) => {
    const response = await names.respond(request, 'tcp');
    underWay--;
    if (socket.destroyed) return;
    deadline.refresh();
    if (response === undefined || socket.writableLength > limits.unread) socket.destroy();
    else socket.write(frame(response));
    if (underWay < limits.questions) socket.resume();
  };
  socket.on('data', (chunk: Uint8Array) => {
    for (const request of reader.push(chunk)) {
      deadline.refresh();
      underWay++;
      void answer(request);
    }
    if (underWay >= limits.questions) socket.pause();
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => clearTimeout(deadline));
}
