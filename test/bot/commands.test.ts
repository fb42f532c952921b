import { expect, test } from 'vitest';
import { stage } from './stage.ts';

test('/status says what every workspace is doing, to whoever asked and nobody else', async () => {
  await using s = await stage();
  const asked = s.standin.run(s.people.ana, s.ops, 'status');
  const answer = await s.standin.answered(asked);
  expect(asked.ephemeral).toBe(true);
  expect(answer.content).toBe('**1 workspace**, none up, nothing bills right now');
  expect(answer.embeds[0]?.description).toContain('**lab** · asleep,');
  expect(s.standin.messages(s.ops)).toEqual([]);
  expect(s.standin.state.wrong).toEqual([]);
});

test('/wake is acknowledged at once, and its panel stands in the channel until the last file is there', async () => {
  await using s = await stage();
  const asked = s.standin.run(s.people.ana, s.ops, 'wake', { workspace: 'lab' });
  const answer = await s.standin.answered(asked);
  expect(answer.content).toContain('Waking: **lab**. [Follow it here](https://discord.com/channels/');
  await s.standin.until(() => s.standin.messages(s.ops)[0]);
  await s.standin.until(async () => true);
  await s.standin.until(
    () => s.standin.messages(s.ops).find(({ message }) => message.content.startsWith('✅ **lab** is awake')),
    15_000,
  );
  expect(s.standin.state.wrong).toEqual([]);
});
