export const words: string = 'some words';
