import type { ServerHttp2Stream } from 'node:http2';

/**
 * End a call with an error, in headers alone (grpc.io, PROTOCOL-HTTP2.md, "Trailers-Only").
 *
 * @param status gRPC status code.
 */
export function refuseCall(stream: ServerHttp2Stream, status: number, message: string): void {
  if (stream.closed || stream.destroyed || stream.headersSent) return;
  const headers = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': String(status) };
  stream.respond({ ...headers, 'grpc-message': encodeGrpcMessage(message) }, { endStream: true });
  // What the client still sends is passed over: a reset would hide the answer from it.
  stream.resume();
}

/** Percent-encoding of all but printable ASCII, and of the percent sign. */
function encodeGrpcMessage(message: string): string {
  const bytes = Array.from(Buffer.from(message));
  return bytes
    .map((byte) =>
      byte < 0x20 || byte > 0x7e || byte === 0x25
        ? `%${byte.toString(16).padStart(2, '0')}`
        : String.fromCharCode(byte),
    )
    .join('');
}
