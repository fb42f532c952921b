/** An editor that people use from afar: how the part of it that runs on the machine is called. */
interface Editor {
  readonly name: string;
  /** Found in the program's path and arguments, joined by spaces. */
  readonly command: RegExp;
}

const EDITORS: readonly Editor[] = [
  { name: 'VS Code', command: /\.vscode-server(-insiders|-oss)?\/|\/vscode-server\// },
  { name: 'VS Code tunnel', command: /\.vscode\/cli\/(servers|code-)|\bcode tunnel\b/ },
  { name: 'Cursor', command: /\.cursor-server\// },
  { name: 'Windsurf', command: /\.windsurf-server\// },
  { name: 'VSCodium', command: /\.vscodium-server\// },
  { name: 'code-server', command: /\bcode-server\b|\/openvscode-server\// },
  { name: 'JetBrains', command: /\/JetBrains\/RemoteDev\/|remote-dev-server|com\.intellij\.|\/\.cache\/JetBrains\// },
  { name: 'Zed', command: /\.zed_server\/|zed-remote-server/ },
  // A page of it that is open is like an editor: somebody may be reading what the last cell printed.
  { name: 'Jupyter', command: /\bjupyter[- ](server|lab|notebook)\b|\bjupyterhub-singleuser\b/ },
];

/** Null when it is none. */
export function editorOf(command: string): string | null {
  return EDITORS.find((editor) => editor.command.test(command))?.name ?? null;
}

/** Names under which editors run. Arguments are read only of these: reading them can block on a process that hangs. */
export const EDITOR_PROGRAMS =
  /^(node|MainThread|java|python|pypy|jupyter|code|cursor|windsurf|codium|zed|remote|openvscode|fsnotifier)/i;
