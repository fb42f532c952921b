import { words } from './words.ts';

console.log(words);
