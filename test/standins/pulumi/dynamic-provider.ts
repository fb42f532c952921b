import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import grpc from '@grpc/grpc-js';
import services from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import provider from '@pulumi/pulumi/proto/provider_pb.js';
import struct from 'google-protobuf/google/protobuf/struct_pb.js';
import type { Json } from './secrets.ts';

type Props = { [name: string]: Json };

/** A step that could not be ended, and what there is of the resource all the same. */
export class InitFailed extends Error {
  readonly id: string;
  readonly properties: Props;

  constructor(message: string, id: string, properties: Props) {
    super(message);
    this.id = id;
    this.properties = properties;
  }
}

export interface DynamicProvider extends AsyncDisposable {
  /** What its process printed; nothing, as long as all is well. */
  readonly said: () => string;
  diff(id: string, olds: Props, news: Props): Promise<{ changes: boolean; replaces: readonly string[] }>;
  create(props: Props): Promise<{ id: string; properties: Props }>;
  update(id: string, olds: Props, news: Props): Promise<Props>;
  read(id: string, props: Props): Promise<{ id: string; properties: Props }>;
  delete(id: string, props: Props): Promise<void>;
}

/** Pulumi's own process for dynamic providers, spoken to as its engine does. */
export async function dynamicProvider(
  cwd: string,
  environment: Readonly<Record<string, string>>,
): Promise<DynamicProvider> {
  const script = createRequire(import.meta.url).resolve('@pulumi/pulumi/cmd/dynamic-provider/index.js');
  const child = spawn(process.execPath, [script, '127.0.0.1:1'], { cwd, env: { ...environment } });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const [port] = (await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error(`the provider ended at once: ${said}`))),
  ])) as [string];
  const client = new services.ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());

  const ask = async <Q, A>(method: string, request: Q): Promise<A> =>
    await new Promise<A>((resolve, reject) => {
      const call = (
        client as unknown as Record<string, (q: Q, done: (e: grpc.ServiceError | null, a: A) => void) => void>
      )[method];
      call!.call(client, request, (cause, answer) => (cause ? reject(failure(cause)) : resolve(answer)));
    });
  const configured = new provider.ConfigureRequest();
  configured.setArgs(struct.Struct.fromJavaScript({}));
  await ask('configure', configured);

  return {
    said: () => said,
    async diff(id, olds, news) {
      const request = new provider.DiffRequest();
      request.setId(id);
      request.setOlds(struct.Struct.fromJavaScript(olds));
      request.setNews(struct.Struct.fromJavaScript(news));
      const answer = await ask<unknown, provider.DiffResponse>('diff', request);
      return {
        changes: answer.getChanges() === provider.DiffResponse.DiffChanges.DIFF_SOME,
        replaces: answer.getReplacesList(),
      };
    },
    async create(props) {
      const request = new provider.CreateRequest();
      request.setProperties(struct.Struct.fromJavaScript(props));
      const answer = await ask<unknown, provider.CreateResponse>('create', request);
      return { id: answer.getId(), properties: plain(answer.getProperties()) };
    },
    async update(id, olds, news) {
      const request = new provider.UpdateRequest();
      request.setId(id);
      request.setOlds(struct.Struct.fromJavaScript(olds));
      request.setNews(struct.Struct.fromJavaScript(news));
      return plain((await ask<unknown, provider.UpdateResponse>('update', request)).getProperties());
    },
    async read(id, props) {
      const request = new provider.ReadRequest();
      request.setId(id);
      request.setProperties(struct.Struct.fromJavaScript(props));
      const answer = await ask<unknown, provider.ReadResponse>('read', request);
      return { id: answer.getId(), properties: plain(answer.getProperties()) };
    },
    async delete(id, props) {
      const request = new provider.DeleteRequest();
      request.setId(id);
      request.setProperties(struct.Struct.fromJavaScript(props));
      await ask('delete', request);
    },
    async [Symbol.asyncDispose]() {
      client.close();
      if (child.exitCode !== null) return;
      child.kill();
      await once(child, 'exit');
    },
  };
}

function plain(properties: struct.Struct | undefined): Props {
  return (properties?.toJavaScript() ?? {}) as Props;
}

/** What was made in part comes along in the answer's details, as one message packed in two others. */
function failure(cause: grpc.ServiceError): Error {
  const [packed] = cause.metadata?.get('grpc-status-details-bin') ?? [];
  if (!packed) return new Error(cause.details);
  const { Status } = createRequire(import.meta.url)('@pulumi/pulumi/proto/status_pb.js');
  const [detail] = Status.deserializeBinary(packed as Buffer).getDetailsList();
  const init = provider.ErrorResourceInitFailed.deserializeBinary(detail.getValue_asU8());
  return new InitFailed(init.getReasonsList().join('; '), init.getId(), plain(init.getProperties()));
}
