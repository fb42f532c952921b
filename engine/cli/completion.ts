import { COMMON, type Described } from './command.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

interface Entry {
  readonly name: string;
  readonly say: string;
  /** Its first word is a workspace's name. */
  readonly workspace: boolean;
  readonly options: readonly { readonly name: string; readonly say: string; readonly takes: boolean }[];
}

/** What a shell needs to complete our commands, from the same tables as `--help`. */
export function completionFor(shell: Shell, commands: readonly Described[]): string {
  return { bash, zsh, fish }[shell](commands.map(entryOf));
}

function entryOf({ command, say }: Described): Entry {
  const options = Object.entries({ ...command.options, ...COMMON }).map(([name, { say: what, value }]) => ({
    name,
    say: what,
    takes: value !== null,
  }));
  return { name: command.name, say, workspace: command.takes[0]?.name === 'NAME', options };
}

/** Asked for while somebody types, so it says nothing when no engine answers. */
const WORKSPACES = 'dumont completion workspaces 2>/dev/null';

function bash(entries: readonly Entry[]): string {
  const cases = entries.map(
    ({ name, workspace, options }) =>
      `    ${name}) options="${options.map((one) => `--${one.name}`).join(' ')}"; workspace=${workspace ? 1 : ''} ;;`,
  );
  return `# dumont completion bash > ~/.local/share/bash-completion/completions/dumont
_dumont() {
  local word="\${COMP_WORDS[COMP_CWORD]}" options="" workspace=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${entries.map(({ name }) => name).join(' ')} help" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  if [[ "$word" == -* ]]; then COMPREPLY=($(compgen -W "$options" -- "$word"))
  elif [ -n "$workspace" ] && [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=($(compgen -W "$(${WORKSPACES})" -- "$word"))
  else COMPREPLY=($(compgen -f -- "$word")); fi
}
complete -F _dumont dumont
`;
}

function zsh(entries: readonly Entry[]): string {
  const described = (name: string, say: string): string => quoted(`${name.replaceAll(':', '\\:')}:${say}`);
  const cases = entries.map(({ name, workspace, options }) => {
    const list = options.map((one) => `        ${described(`--${one.name}`, one.say)}`).join('\n');
    return `    ${name})\n      options=(\n${list}\n      )\n      workspace=${workspace ? 1 : "''"} ;;`;
  });
  return `#compdef dumont
# dumont completion zsh > ~/.zfunc/_dumont
_dumont() {
  local -a commands options names
  local workspace=''
  commands=(
${entries.map(({ name, say }) => `    ${described(name, say)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  case "\${words[2]}" in
${cases.join('\n')}
  esac
  if [[ "\${words[CURRENT]}" == -* ]]; then
    _describe 'option' options
  elif [[ -n "$workspace" && CURRENT -eq 3 ]]; then
    names=(\${(f)"$(${WORKSPACES})"})
    compadd -a names
  else
    _files
  fi
}
if [ "$funcstack[1]" = _dumont ]; then _dumont "$@"; else compdef _dumont dumont; fi
`;
}

function fish(entries: readonly Entry[]): string {
  const one = ({ name, say, workspace, options }: Entry): string[] => [
    `complete -c dumont -n __fish_use_subcommand -f -a ${name} -d ${quoted(say)}`,
    ...(workspace
      ? [`complete -c dumont -n '__fish_seen_subcommand_from ${name}' -f -a '(${WORKSPACES})' -d workspace`]
      : []),
    ...options.map(
      (option) =>
        `complete -c dumont -n '__fish_seen_subcommand_from ${name}' -l ${option.name}${option.takes ? ' -r' : ''} -d ${quoted(option.say)}`,
    ),
  ];
  return `# dumont completion fish > ~/.config/fish/completions/dumont.fish\n${entries.flatMap(one).join('\n')}\n`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
