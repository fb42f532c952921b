import * as pulumi from '@pulumi/pulumi';
import type { HostProps, Target } from './host/provider.ts';
import type { Secrets, Wanted } from './host/wanted.ts';

/**
 * Pulumi keeps this object's text in its state and runs it in another process, so it holds nothing: every method loads
 * today's code by name. (A file's own path would be looked for from elsewhere there.)
 */
const provider: pulumi.dynamic.ResourceProvider<HostProps, HostProps> = {
  async diff(_id, olds, news) {
    const { diff } = await import('#infra/host/provider');
    return await diff(olds, news);
  },
  async create(props) {
    const { make } = await import('#infra/host/provider');
    return await make(props);
  },
  async update(_id, olds, news) {
    const { update } = await import('#infra/host/provider');
    return await update(olds, news);
  },
  async read(id, props) {
    const { read } = await import('#infra/host/provider');
    return await read(id, props!);
  },
  async delete(_id, props) {
    const { leavingFrom, take } = await import('#infra/host/provider');
    const { env } = await import('node:process');
    return await take(props, leavingFrom(env));
  },
};

export interface ControlHostArgs {
  readonly target: Target;
  readonly wanted: pulumi.Input<Wanted>;
  readonly secrets: pulumi.Input<Secrets>;
}

/** The VPS that a person has, made into the control host over SSH. */
export class ControlHost extends pulumi.dynamic.Resource {
  /** Steps that the last look found undone. */
  declare readonly undone: pulumi.Output<readonly string[] | undefined>;

  constructor(name: string, args: ControlHostArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args, undone: undefined }, opts, 'dumont', 'ControlHost');
  }
}
