# What zsh offers when Tab is pressed behind a line: zsh -f offered.zsh FOLDER LINE, where FOLDER has the function _sleigh.
# A terminal of its own, in which a compadd that prints takes the place of the one that draws a menu. What is offered stands
# between two NULs, one a line.
zmodload zsh/zpty
if [[ $# == 2 ]]; then
  zpty inner zsh -f -i
  zpty -w inner "source ${(q)ZSH_ARGZERO} ${(q)1}"
  zpty -r inner said '*ready*'
  zpty -w inner "$2"$'\t'
  while zpty -r inner line; do print -r -- $line; done
  exit
fi

PROMPT=
fpath=($1 $fpath)
autoload -Uz compinit
compinit -D -u
mark() { print -r -- $'\0' }
compprefuncs=(mark)
comppostfuncs=(mark exit)
zstyle ':completion:*' insert-tab false
bindkey '^I' complete-word
compadd() {
  # With these it only fills arrays.
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
    builtin compadd "$@"
    return
  fi
  local -a hits
  builtin compadd -A hits "$@"
  print -rl -- $hits
}
print ready
