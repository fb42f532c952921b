import * as z from 'zod';
import { InstanceId } from './instance.ts';
import { SPEC_FIELDS } from './spec.ts';

export const CreateJson = z.strictObject({ id: InstanceId, ...SPEC_FIELDS });
export type CreateJson = z.input<typeof CreateJson>;

/** The fields of a new workspace, to change one that exists; what is not named stays. */
export const ConfigureJson = z.strictObject(SPEC_FIELDS).refine((fields) => Object.keys(fields).length > 0, {
  message: 'name at least one field to change',
});
export type ConfigureJson = z.input<typeof ConfigureJson>;
