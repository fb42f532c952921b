/** What is said of a workspace: its name once, also where the sentence begins with it. */
export function about(name: string, say: string): string {
  return say.startsWith(`${name} `) ? `**${name}**${say.slice(name.length)}` : `**${name}**: ${say}`;
}
