import type { APIModalInteractionResponseCallbackData } from 'discord-api-types/v10';

const LABEL = 18;
const TEXT_INPUT = 4;
const SHORT = 1;
const NAME_MAX = 100;

/** Asks for a name to be typed. */
export function modalOf(
  customId: string,
  title: string,
  label: string,
  description: string,
): APIModalInteractionResponseCallbackData {
  const component = { type: TEXT_INPUT, custom_id: 'name', style: SHORT, required: true, max_length: NAME_MAX };
  return {
    custom_id: customId,
    title,
    components: [{ type: LABEL, label, description, component }],
  } as APIModalInteractionResponseCallbackData;
}
