import type { Phrases } from '../words/phrases.ts';
import { catalogueAnswers } from './catalogue.ts';
import { moneyAnswers } from './money.ts';
import { peopleAnswers } from './people.ts';
import { workspaceAnswers } from './workspace.ts';

/** Longer answers, laid out the same in every language. */
export function answersIn(words: Phrases) {
  return { ...workspaceAnswers(words), ...catalogueAnswers(words), ...peopleAnswers(words), ...moneyAnswers(words) };
}
