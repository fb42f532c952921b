import grpc from '@grpc/grpc-js';

export interface Call<Q> {
  readonly request: Q;
}
export type Done = (answer: unknown) => void;

/** A handler may answer with a promise; one that rejects is an error with its words. */
export function served(handlers: object): grpc.UntypedServiceImplementation {
  const entries = Object.entries(handlers as Record<string, (call: unknown, done: Done) => unknown>);
  return Object.fromEntries(
    entries.map(([name, handle]) => [
      name,
      (call: unknown, callback: grpc.sendUnaryData<unknown>) => {
        const refuse = (cause: unknown) =>
          callback({ code: grpc.status.UNKNOWN, details: String((cause as Error).message) });
        try {
          const answer = handle(call, (value) => callback(null, value));
          if (answer instanceof Promise) answer.then((value) => callback(null, value), refuse);
        } catch (cause) {
          refuse(cause);
        }
      },
    ]),
  ) as grpc.UntypedServiceImplementation;
}
