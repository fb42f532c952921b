import grpc from '@grpc/grpc-js';
import engineServices from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import engine from '@pulumi/pulumi/proto/engine_pb.js';
import services from '@pulumi/pulumi/proto/resource_grpc_pb.js';
import messages from '@pulumi/pulumi/proto/resource_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import struct from 'google-protobuf/google/protobuf/struct_pb.js';
import type { CloudflareProvider, Made } from './cloudflare-provider.ts';
import type { DynamicProvider } from './dynamic-provider.ts';
import { InitFailed } from './dynamic-provider.ts';
import { inOrderOfLeaving, makeHere, makeThere, type Props, type Row } from './making.ts';
import { type Program, runProgram } from './run-program.ts';
import { asSecret, hidesOne, revealed } from './secrets.ts';
import { type Call, type Done, served } from './serving.ts';

export interface StackOptions extends Program {
  readonly cloudflare: CloudflareProvider;
  readonly dynamic: () => Promise<DynamicProvider>;
}

export interface Run {
  readonly code: number;
  /** What happened to each resource, `create`, `update`, `replace` or `same`, by its type's last word and its name. */
  readonly did: Readonly<Record<string, string>>;
  readonly errors: readonly string[];
  readonly outputs: Props;
  readonly ms: number;
}

/**
 * Where Pulumi's engine would stand: it runs the real program through the SDK's own entry point, makes what is registered,
 * and remembers it for the next run. It knows of protect, retain, secrets, import and who goes first; it has no encrypted
 * state, and does not pretend to.
 */
export function standInStack(options: StackOptions) {
  const rows = new Map<string, Row>();

  async function run(change: Partial<StackOptions> & { preview?: boolean } = {}): Promise<Run> {
    const all = { ...options, ...change };
    const errors: string[] = [];
    const did: Record<string, string> = {};
    const seen = new Set<string>();
    let outputs: Props = {};
    const server = new grpc.Server();
    const monitor = {
      getDeploymentInfo: (_: unknown, done: Done) => done(deployment()),
      supportsFeature: async (call: Call<messages.SupportsFeatureRequest>) => {
        const answer = new messages.SupportsFeatureResponse();
        answer.setHassupport(call.request.getId() === 'secrets');
        return answer;
      },
      registerResource: async (call: Call<messages.RegisterResourceRequest>) => {
        const row = await register(call.request, all, did, change.preview ?? false);
        seen.add(row.urn);
        const answer = new messages.RegisterResourceResponse();
        answer.setUrn(row.urn);
        answer.setId(row.id);
        answer.setObject(struct.Struct.fromJavaScript(row.outputs));
        return answer;
      },
      registerResourceOutputs: async (call: Call<messages.RegisterResourceOutputsRequest>) => {
        if (call.request.getUrn().includes('::pulumi:pulumi:Stack::'))
          outputs = (call.request.getOutputs()?.toJavaScript() ?? {}) as Props;
        return new empty.Empty();
      },
      registerStackTransform: async () => new empty.Empty(),
      signalAndWaitForShutdown: async () => new empty.Empty(),
    };
    const host = {
      log: async (call: Call<engine.LogRequest>) => {
        if (call.request.getSeverity() >= engine.LogSeverity.ERROR) errors.push(call.request.getMessage());
        return new empty.Empty();
      },
      getRootResource: async () => new engine.GetRootResourceResponse(),
      setRootResource: async () => new engine.SetRootResourceResponse(),
    };
    server.addService(services.ResourceMonitorService as grpc.ServiceDefinition, served(monitor));
    server.addService(engineServices.EngineService as grpc.ServiceDefinition, served(host));
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (cause, at) =>
        cause ? reject(cause) : resolve(at),
      );
    });
    try {
      const began = performance.now();
      const code = await runProgram(all, port, change.preview ?? false, errors);
      const ms = performance.now() - began;
      if (code === 0 && !change.preview)
        await takeAway(
          [...rows.keys()].filter((urn) => !seen.has(urn)),
          all,
          did,
        );
      return { code, did, errors, outputs, ms };
    } finally {
      server.forceShutdown();
    }
  }

  async function register(
    request: messages.RegisterResourceRequest,
    all: StackOptions,
    did: Record<string, string>,
    preview: boolean,
  ): Promise<Row> {
    const type = request.getType();
    const name = request.getName();
    const parent = request.getParent();
    const above = parent && !parent.includes('::pulumi:pulumi:Stack::') ? `${parent.split('::')[2]}$` : '';
    const urn = `urn:pulumi:${all.stack}::${all.project}::${above}${type}::${name}`;
    const row = {
      urn,
      type,
      name,
      custom: request.getCustom(),
      inputs: (request.getObject()?.toJavaScript() ?? {}) as Props,
      needs: [...request.getDependenciesList(), ...(parent === '' ? [] : [parent])],
      protect: request.getProtect() ?? false,
      retain: request.getRetainondelete() ?? false,
      ignoreChanges: request.getIgnorechangesList(),
      importId: request.getImportid(),
      version: request.getVersion(),
    };
    if (preview || !row.custom) {
      if (!preview) rows.set(urn, { ...row, id: '', outputs: row.inputs });
      return { ...row, id: '', outputs: row.inputs };
    }
    const old = rows.get(urn);
    const key = `${type.split(':').at(-1)} ${name}`;
    const secretOutputs = request.getAdditionalsecretoutputsList();
    const keep = (made: Made): Row => {
      const hidden = new Set([...secretOutputs, ...Object.keys(row.inputs).filter((one) => hidesOne(row.inputs[one]))]);
      const outputs = Object.fromEntries(
        Object.entries({ ...(revealed(row.inputs) as Props), ...made.outputs }).map(([one, value]) => [
          one,
          hidden.has(one) ? asSecret(value) : value,
        ]),
      );
      const kept: Row = { ...row, id: made.id, outputs };
      rows.set(urn, kept);
      return kept;
    };
    try {
      const [what, made] = type.startsWith('cloudflare:')
        ? await makeThere(row, old, all.cloudflare)
        : await makeHere(row, old, await all.dynamic());
      did[key] = what;
      return keep(made);
    } catch (cause) {
      if (cause instanceof InitFailed) {
        did[key] = 'partly';
        keep({ id: cause.id, outputs: cause.properties });
      }
      throw cause;
    }
  }

  async function takeAway(urns: readonly string[], all: StackOptions, did: Record<string, string>): Promise<void> {
    const held = urns.find((urn) => rows.get(urn)?.protect); // nothing is taken away before all may be
    if (held !== undefined) throw new Error(`${held} is protected`);
    for (const row of inOrderOfLeaving([...rows.values()].filter(({ urn }) => urns.includes(urn)))) {
      const key = `${row.type.split(':').at(-1)} ${row.name}`;
      if (row.custom && !row.retain) {
        const inputs = revealed(row.inputs) as Props;
        if (row.type.startsWith('cloudflare:')) await all.cloudflare.kind(row.type).take(inputs, row.id);
        else await (await all.dynamic()).delete(row.id, revealed(row.outputs) as Props);
      }
      did[key] = row.retain ? 'forget' : 'delete';
      rows.delete(row.urn);
    }
  }

  return {
    rows,
    up: async (change: Partial<StackOptions> = {}) => await run(change),
    preview: async (change: Partial<StackOptions> = {}) => await run({ ...change, preview: true }),
    /** As `pulumi refresh` does for what our own provider made. */
    async refresh(): Promise<void> {
      for (const row of rows.values()) {
        if (!row.type.startsWith('pulumi-nodejs:dynamic')) continue;
        const found = await (await options.dynamic()).read(row.id, revealed(row.outputs) as Props);
        if (found.id === '') rows.delete(row.urn);
        else rows.set(row.urn, { ...row, outputs: { ...row.outputs, ...found.properties } });
      }
    },
    async destroy(change: { unprotect?: boolean } = {}): Promise<Record<string, string>> {
      if (change.unprotect) for (const [urn, row] of rows) rows.set(urn, { ...row, protect: false });
      const did: Record<string, string> = {};
      await takeAway([...rows.keys()], options, did);
      return did;
    },
  };
}

function deployment(): messages.DeploymentInfo {
  const info = new messages.DeploymentInfo();
  info.setSupportedfeaturesList([messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_SECRETS]);
  return info;
}
