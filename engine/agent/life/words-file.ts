import { join } from 'node:path';
import type { Place } from '../place.ts';
import { lifeFolder } from './living.ts';

/** What Node itself has to say when the agent ends; everything else is in its log. */
export const wordsFile = (place: Place): string => join(lifeFolder(place), 'words');
