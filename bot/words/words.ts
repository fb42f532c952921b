import type { Language } from '../../engine/domain/discord.ts';
import { answersIn } from '../answers/answers.ts';
import { en } from './en.ts';
import type { Phrases } from './phrases.ts';
import { pt } from './pt.ts';

/** Everything the bot says in one language. */
export type Words = Phrases & { readonly answer: ReturnType<typeof answersIn> };

const WORDS: Readonly<Record<Language, Words>> = {
  en: { ...en, answer: answersIn(en) },
  pt: { ...pt, answer: answersIn(pt) },
};

export const wordsIn = (language: Language): Words => WORDS[language];
