import { FairleadError } from '@fairlead/base';
import type { Json } from '@fairlead/engine';
import type { GenericSchema } from 'valibot';
import { decodeJson, invalidJson } from '../wire/go-json.ts';
import { jsonSyntaxFault } from '../wire/json-syntax.ts';
import { type ApiRequest, readText } from './request.ts';

/** Nested arrays and objects in one body: far beyond any real request, far below what recursion over it could not bear. */
const maximumDepth = 1000;

/**
 * The body of a request as JSON; an empty body, or `null`, is an empty object, as Docker has it.
 *
 * @throws FairleadError `invalid-argument` in Docker's words for a wrong content type or text that is no JSON.
 */
export async function readJson(request: ApiRequest): Promise<Json> {
  requireJsonType(request);
  const text = await readText(request);
  if (text.trim() === '') {
    if (request.headers['transfer-encoding'] === undefined) return {};
    throw invalidJson('got EOF while reading request body');
  }
  if (isDeeperThan(text, maximumDepth)) throw invalidJson('exceeded max depth');
  try {
    // Go leaves what it reads into as it was.
    return (JSON.parse(text) as Json) ?? {};
  } catch {
    const fault = jsonSyntaxFault(text);
    if (fault === 'unexpected content after JSON') throw new FairleadError('invalid-argument', fault);
    throw invalidJson(fault);
  }
}

/**
 * The body of a request as the type that `schema` describes.
 *
 * @param typeName Go's name of the type, for messages.
 */
export async function readBody<Output>(
  request: ApiRequest,
  schema: GenericSchema<unknown, Output>,
  typeName: string,
): Promise<Output> {
  return decodeJson(schema, await readJson(request), typeName);
}

/** Brackets inside texts count as well: no real request comes near. */
function isDeeperThan(text: string, limit: number): boolean {
  if (text.length <= limit) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === bracket.opening || character === brace.opening) depth += 1;
    else if (character === bracket.closing || character === brace.closing) depth -= 1;
    if (depth > limit) return true;
  }
  return false;
}

/** UTF-16 codes: a thousand published ports have six thousand of these, too many to make a match of each. */
const bracket = { opening: 0x5b, closing: 0x5d };
const brace = { opening: 0x7b, closing: 0x7d };

function requireJsonType({ headers }: ApiRequest): void {
  const type = headers['content-type'];
  const isEmpty = headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0';
  if (type === undefined && isEmpty) return;
  if (type === undefined) throw unsupported('malformed Content-Type header (): mime: no media type');
  if (type.split(';')[0]?.trim().toLowerCase() !== 'application/json') {
    throw unsupported(`unsupported Content-Type header (${type}): must be 'application/json'`);
  }
}

function unsupported(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
