import { usualModule } from '@fairlead/base';
// ts-proto writes these two into every file, always the same.
import type { DeepPartial, MessageFns } from '../gen/google/protobuf/any.ts';

export type { DeepPartial };

/** A kind of message: how to complete, encode and decode one. */
export type MessageType<Message> = MessageFns<Message, string>;

/** One method of a service. */
type Method<Input, Output> = {
  /** Where it is called, such as `/containerd.services.version.v1.Version/Version`. */
  readonly path: string;
  readonly requestType: MessageType<Input>;
  readonly responseType: MessageType<Output>;
};

/** One message there, one back. */
export type UnaryMethod<Input, Output> = Method<Input, Output> & Streams<false, false>;

/** One message there, any number back. */
export type ServerStreamMethod<Input, Output> = Method<Input, Output> & Streams<false, true>;

/** Messages both ways. */
export type DuplexMethod<Input, Output> = Method<Input, Output> & Streams<true, true>;

type Streams<Request extends boolean, Response extends boolean> = {
  readonly requestStream: Request;
  readonly responseStream: Response;
};

/** A service as generated: its methods do not know whose they are. */
type ServiceDefinition = {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, { readonly name: string }>>;
};

type MethodsOf<Service extends ServiceDefinition> = {
  readonly [Key in keyof Service['methods']]: Service['methods'][Key] & { readonly path: string };
};

/** The methods of a service, each with its path. */
export function methodsOf<Service extends ServiceDefinition>({ fullName, methods }: Service): MethodsOf<Service> {
  const withPath = Object.entries(methods).map(([key, method]) => [
    key,
    { ...method, path: `/${fullName}/${method.name}` },
  ]);
  // `fromEntries` cannot say in types which key has which value.
  return Object.fromEntries(withPath) as MethodsOf<Service>;
}

/**
 * The methods of a service that no start of a program calls: its messages are loaded with the first call.
 *
 * @param load nothing but an `import()`, and the service in it.
 */
export function lateMethods<Service extends ServiceDefinition>(
  load: () => Promise<Service>,
): () => Promise<MethodsOf<Service>> {
  const service = usualModule(load);
  let methods: MethodsOf<Service> | undefined;
  return async () => (methods ??= methodsOf(await service()));
}
