import { FairleadError } from '@fairlead/base';
import { Document, parseDocument, type ScalarTag, visit } from 'yaml';

/** A mapping of a file. */
export type Dictionary = Readonly<Record<string, unknown>>;

/** Go's YAML reads a leading 0 as octal, which the modes of files rely on. */
const legacyOctal: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  format: 'OCT',
  test: /^[-+]?0[0-7]+$/,
  resolve: (text) => Number.parseInt(text, 8),
};

/**
 * Read a file's mapping: YAML 1.2 with merge keys, as go-yaml reads it.
 *
 * @throws FairleadError `invalid-argument` for what is no YAML, and for anything else than a mapping.
 */
export function readYaml(text: string): Dictionary {
  const document = parseDocument(text, { merge: true, customTags: (tags) => [legacyOctal, ...tags] });
  const [fault] = document.errors;
  if (fault !== undefined) {
    const line = fault.linePos?.[0].line ?? 1;
    const [problem = ''] = fault.message.split(/ at line \d+/);
    throw new FairleadError('invalid-argument', `yaml: line ${line}: ${problem}`);
  }
  const value: unknown = document.toJS();
  if (isDictionary(value)) return value;
  throw new FairleadError('invalid-argument', 'top-level object must be a mapping');
}

/** Write a value as go-yaml does: texts that would be read as something else are in double quotes. */
export function writeYaml(value: unknown): string {
  const document = new Document(value);
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'string' && isAmbiguous(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  return document.toString({ lineWidth: 0, singleQuote: true });
}

/** Also words that were truth values in YAML 1.1. */
function isAmbiguous(text: string): boolean {
  return /^(|~|null|true|false|y|n|yes|no|on|off|[-+]?(\d[\d_]*(\.\d*)?|\.\d+)(e[-+]?\d+)?|0[xob][\da-f]+)$/i.test(
    text,
  );
}

/** True for a mapping. */
export function isDictionary(value: unknown): value is Dictionary {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
