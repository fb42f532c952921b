import * as z from 'zod';
import type { StandbyView } from '../../domain/doors.ts';
import { InstanceId } from './instance.ts';
import { OfferJson, offerJson } from './offer.ts';
import { iso } from './wire.ts';

export const StandbyJson = z.object({
  instance_id: InstanceId,
  on: z.boolean(),
  agreed: z
    .object({ by: z.string(), at: z.iso.datetime(), dollars_per_month: z.number() })
    .nullable()
    .describe('Who agreed to what it costs at most.'),
  machine_id: z.string().nullable().describe('The machine it runs on now, if that is its standby.'),
  dollars_per_hour: z.number().nullable().describe('Paid while it is used, and at no other time.'),
  dollars_per_month: z.number().nullable().describe('Were it used all month.'),
  offer: OfferJson.nullable(),
  why: z.string().nullable().describe('Why there is none.'),
});
export type StandbyJson = z.infer<typeof StandbyJson>;

export const SetStandby = z.strictObject({
  instance_id: InstanceId,
  on: z.boolean(),
  agreed_dollars_per_month: z
    .number()
    .nonnegative()
    .optional()
    .describe('The price that a person saw; less than it costs is refused, and says what it costs.'),
});

export function standbyJson({ workspace, agreed, active, offer, dollarsPerMonth, why }: StandbyView): StandbyJson {
  return {
    instance_id: workspace,
    on: agreed !== null,
    agreed: agreed && { by: agreed.by, at: iso(agreed.at), dollars_per_month: agreed.dollarsPerMonth },
    machine_id: active,
    dollars_per_hour: offer?.dollarsPerHour ?? null,
    dollars_per_month: dollarsPerMonth,
    offer: offer && offerJson(offer),
    why,
  };
}
