import { FairleadError } from '@fairlead/base';
import type { Action } from '../command/command.ts';

/** Each script only asks `fairlead __complete`, so that it never is out of step with the commands. */
const scripts: Readonly<Record<string, string>> = {
  bash: `_fairlead() {
  local IFS=$'\\n'
  COMPREPLY=($(fairlead __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == ':file' ]] && COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _fairlead fairlead`,
  zsh: `#compdef fairlead
_fairlead() {
  local -a found
  found=("\${(@f)$(fairlead __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ $found == ':file' ]]; then _files; else compadd -Q -- $found; fi
}
compdef _fairlead fairlead`,
  fish: `function __fairlead_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l found (fairlead __complete -- $words[2..-1] 2>/dev/null)
  if test "$found" = ':file'; __fish_complete_path (commandline -ct); else; printf '%s\\n' $found; end
end
complete -c fairlead -f -a '(__fairlead_complete)'`,
};

/** `fairlead completion`. */
export const completion: Action = async ({ words: [shell = ''], print }) => {
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script === undefined)
    throw new FairleadError('invalid-argument', `no completion for '${shell}': ${Object.keys(scripts).join(', ')}`);
  print(script);
  return 0;
};
