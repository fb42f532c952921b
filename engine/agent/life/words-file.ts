import { join } from 'node:path';
import { readIfThere } from '../../files/whole-file.ts';
import type { Place } from '../place.ts';
import { lifeFolder } from './living.ts';

/** What Node itself has to say when the agent ends; everything else is in its log. */
export const wordsFile = (place: Place): string => join(lifeFolder(place), 'words');

/** The end of what the one before us said: perhaps of what it died. */
export const earlierWords = (place: Place): string =>
  (readIfThere(`${wordsFile(place)}.1`) ?? '').trim().slice(-WORDS_LETTERS);

const WORDS_LETTERS = 1_000;
