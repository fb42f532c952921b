import type { Engine } from '../../engine/domain/doors.ts';
import type { Told } from '../../engine/domain/journals.ts';
import { beginStory, type Story, seen, told } from './story.ts';

/** The story of each workspace somebody watches, told from the moment they asked. */
export interface Stories {
  /** From what is remembered, then from every event. */
  of(workspace: string, since: number): Promise<Story>;
  hear(one: Told): void;
  /** Looks at the engine's own view again: racers have joined. */
  lookAgain(workspace: string): Promise<void>;
  forget(workspace: string, since: number): void;
}

const PAST_MAX = 5_000;
/** Events of one moment with what was asked belong to it. */
const SLACK_MS = 50;

export function createStories(engine: Engine): Stories {
  const stories = new Map<string, Promise<Story>>();
  const keyOf = (workspace: string, since: number): string => `${since} ${workspace}`;

  async function begin(workspace: string, since: number): Promise<Story> {
    const past = await engine.past(0, workspace, PAST_MAX);
    const heard = past.filter(({ at }) => at >= since - SLACK_MS).reduce(told, beginStory(since));
    const [view] = await engine.status(workspace).catch(() => []);
    return view ? seen(heard, view) : heard;
  }

  return {
    async of(workspace, since) {
      const key = keyOf(workspace, since);
      const story = stories.get(key) ?? begin(workspace, since);
      stories.set(key, story);
      story.catch(() => stories.delete(key)); // the engine did not answer: it is asked again
      return await story;
    },
    hear(one) {
      for (const [key, story] of stories)
        if (key.endsWith(` ${one.workspace}`))
          stories.set(
            key,
            story.then((before) => told(before, one)),
          );
    },
    async lookAgain(workspace) {
      const [view] = await engine.status(workspace).catch(() => []);
      if (!view) return;
      for (const [key, story] of stories)
        if (key.endsWith(` ${workspace}`))
          stories.set(
            key,
            story.then((before) => seen(before, view)),
          );
    },
    forget(workspace, since) {
      stories.delete(keyOf(workspace, since));
    },
  };
}
