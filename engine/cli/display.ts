import type { EventJson } from '../http/json/event.ts';
import type { InstanceJson } from '../http/json/instance.ts';
import { CALLED } from './called.ts';
import { draw } from './draw.ts';
import { eventWords } from './event-words.ts';
import { liveRegion } from './live-region.ts';
import { clockTime } from './local-time.ts';
import { painter, type Screen } from './screen.ts';
import { beginStory, lost, type Story, seen, settled, told } from './story.ts';
import { timeOf } from './words.ts';

/** How what is followed is shown. */
export interface Display {
  /** The facts as a whole. */
  seen(instance: InstanceJson): void;
  told(event: EventJson): void;
  lost(why: string): void;
  end(): void;
}

export function displayFor(workspace: string, screen: Screen): Display {
  if (screen.json) return jsonDisplay(screen);
  if (screen.quiet) return { seen() {}, told() {}, lost() {}, end() {} };
  return screen.live ? liveDisplay(workspace, screen) : lineDisplay(screen);
}

function jsonDisplay(screen: Screen): Display {
  return { seen() {}, told: (event) => screen.printJson(event), lost() {}, end() {} };
}

/** Progress comes several times a second; a log needs it only now and then, and not before there is some. */
const PROGRESS_MS = 5_000;

function lineDisplay(screen: Screen): Display {
  let progressAt = 0;
  let away = false;
  return {
    seen() {
      if (away) screen.note(`${clockTime(Date.now())}  the connection is back`);
      away = false;
    },
    told(event) {
      if (event.event === 'operation.ended') return; // said as the result
      const at = timeOf(event.at);
      if (event.event.endsWith('.progress')) {
        if (doneIn(event) === 0 || at - progressAt < PROGRESS_MS) return;
        progressAt = at;
      }
      screen.note(`${clockTime(at)}  ${eventWords(event)}`);
    },
    lost(why) {
      if (!away) screen.note(`${clockTime(Date.now())}  the connection was lost (${why}); trying again`);
      away = true;
    },
    end() {},
  };
}

const doneIn = ({ facts }: EventJson): unknown => ('bytes_done' in facts ? facts.bytes_done : null);

/** Often enough that seconds run evenly; a frame that did not change is not written. */
const FRAME_MS = 125;

function liveDisplay(workspace: string, { progress: stream }: Screen): Display {
  const region = liveRegion(stream);
  const paint = painter(stream);
  let story: Story = beginStory(workspace, Date.now());
  const show = () => {
    region.draw(draw(story, { now: Date.now(), columns: stream.columns, rows: stream.rows, paint, called: CALLED }));
  };
  const timer = setInterval(show, FRAME_MS);
  stream.on('resize', show);
  return {
    seen: (instance) => {
      story = seen(story, instance);
    },
    told: (event) => {
      story = told(story, event);
    },
    lost: () => {
      story = lost(story, Date.now());
    },
    end() {
      clearInterval(timer);
      stream.off('resize', show);
      story = settled(story);
      show();
      region.end();
    },
  };
}
