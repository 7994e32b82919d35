import type { Json } from '@fairlead/engine';
import * as v from 'valibot';
import { goObject, type JsonObject } from '../go-json.ts';

/**
 * A type of Docker's API in both directions: what clients send becomes the model's, and the model's is shown as Go's encoder
 * would. Objects of a swarm come in and go out in the same form, so each is written down once.
 */
export interface Shape<T> {
  /** Reads it. */
  readonly schema: v.GenericSchema<unknown, T>;
  show(value: T): Json;
  /** True for what Go's `omitempty` leaves out. */
  isEmpty(value: T): boolean;
}

/** A member of a struct. */
export interface Field<T, Always extends boolean = boolean> {
  readonly shape: Shape<T>;
  /** The wire's name, where it is not the model's with a capital letter. */
  readonly name?: string;
  /** What stands for an absent one; a member without is left out when it is empty. */
  readonly zero?: { readonly value: T };
  /** Whether it is there whatever a client has said. */
  readonly always: Always;
}

type Fields = Readonly<Record<string, Field<unknown>>>;
type ValueOf<F> = F extends { readonly shape: Shape<infer T> } ? T : never;
type AlwaysThere<F> = { [K in keyof F]: F[K] extends { readonly always: true } ? K : never }[keyof F];
/** The model's type of a struct. */
export type ModelOf<F> = { readonly [K in AlwaysThere<F>]: ValueOf<F[K]> } & {
  readonly [K in Exclude<keyof F, AlwaysThere<F>>]?: ValueOf<F[K]>;
};

const shown = <T extends Json>(value: T): Json => value;

/** A text. */
export const text: Shape<string> = { schema: v.string(), show: shown, isEmpty: (value) => value === '' };
/** A whole number. */
export const integer: Shape<number> = {
  schema: v.pipe(v.number(), v.safeInteger()),
  show: shown,
  isEmpty: (value) => value === 0,
};
/** A number with a fraction. */
export const fraction: Shape<number> = { schema: v.number(), show: shown, isEmpty: (value) => value === 0 };
/** A flag that is left out when it is false. */
export const flag: Shape<boolean> = { schema: v.boolean(), show: shown, isEmpty: (value) => !value };
/** A flag or number that somebody has said, whatever it is: Go's pointer. */
export function said<T>(shape: Shape<T>): Shape<T> {
  return { ...shape, isEmpty: () => false };
}
/** Texts by name. */
export const texts: Shape<Readonly<Record<string, string>>> = {
  schema: v.record(v.string(), v.string()),
  show: shown,
  isEmpty: (value) => Object.keys(value).length === 0,
};

/** One of some words. Others pass: who works with it refuses them in his own words. */
export function word<T extends string>(): Shape<T> {
  return { schema: v.custom<T>((value) => typeof value === 'string'), show: shown, isEmpty: (value) => value === '' };
}

/** Several of a kind. */
export function list<T>(of: Shape<T>): Shape<readonly T[]> {
  return {
    schema: v.array(of.schema),
    show: (values) => values.map((value) => of.show(value)),
    isEmpty: (values) => values.length === 0,
  };
}

/** A member under another name than the model's. */
export function named<T, Always extends boolean>(name: string, field: Field<T, Always>): Field<T, Always> {
  return { ...field, name };
}

/** A member that is always shown, as `value` when nobody has said another one. */
export function always<T>(shape: Shape<T>, value: T): Field<T, true> {
  return { shape, zero: { value }, always: true };
}

/** A member that is left out when it is empty. */
export function maybe<T>(shape: Shape<T>): Field<T, false> {
  return { shape, always: false };
}

/** A struct: members by the model's names. */
export function struct<F extends Fields>(fields: F): Shape<ModelOf<F>> {
  const members = Object.entries(fields).map(([key, field]) => {
    const { shape, name = `${key.charAt(0).toUpperCase()}${key.slice(1)}`, zero } = field;
    return { key, shape, name, zero };
  });
  const entries = Object.fromEntries(members.map(({ name, shape }) => [name, v.optional(shape.schema)]));
  const read = (wire: Readonly<Record<string, unknown>>): unknown =>
    Object.fromEntries(
      members.flatMap(({ key, name, shape, zero }) => {
        const value = wire[name];
        if (value === undefined) return zero === undefined ? [] : [[key, zero.value]];
        return zero === undefined && shape.isEmpty(value) ? [] : [[key, value]];
      }),
    );
  return {
    schema: v.pipe(goObject(entries), v.transform(read)) as v.GenericSchema<unknown, ModelOf<F>>,
    show: (model) => {
      const values = model as Readonly<Record<string, unknown>>;
      return Object.fromEntries(
        members.flatMap(({ key, name, shape, zero }): [string, Json][] => {
          const value = values[key] ?? zero?.value;
          if (value === undefined || (zero === undefined && shape.isEmpty(value))) return [];
          return [[name, shape.show(value)]];
        }),
      ) as JsonObject;
    },
    isEmpty: () => false,
  };
}
