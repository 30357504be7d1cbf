import { Argument, type Command, type Option } from 'commander';
import { print } from './output.ts';

/** The completions of one command. */
interface Offer {
  readonly name: string;
  readonly about: string;
  readonly flags: readonly Flag[];
  /** The possible words of its arguments. */
  readonly words: readonly string[];
}

interface Flag {
  /** The names, such as `--json` and perhaps `-V`. */
  readonly names: readonly string[];
  readonly about: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
}

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];
type Writer = (program: string, offers: readonly Offer[]) => string;

const HELP = `
  bash: sleigh completion bash > ~/.local/share/bash-completion/completions/sleigh
  zsh:  sleigh completion zsh > "\${fpath[1]}/_sleigh"
  fish: sleigh completion fish > ~/.config/fish/completions/sleigh.fish`;

/** `sleigh completion`. The script is generated from the program's commands and options. */
export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('print a script that lets a shell complete the commands and options of sleigh')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText('after', HELP)
    .action((shell: Shell) => {
      const write = WRITERS[shell];
      return print(write(program.name(), program.commands.map(offerOf)));
    });
}

function offerOf(command: Command): Offer {
  const flags = command.createHelp().visibleOptions(command).map(flagOf);
  const words = command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices);
  return { name: command.name(), about: command.description(), flags, words };
}

const flagOf = ({ short, long, description, required, optional, argChoices = [] }: Option): Flag => ({
  names: [short, long].filter((name) => name !== undefined),
  about: description,
  takesValue: required || optional,
  choices: argChoices,
});

/** Quotes a text for sh and zsh. */
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

function bash(program: string, offers: readonly Offer[]): string {
  const values = offers.flatMap(({ name, flags }) =>
    flags
      .filter(({ takesValue }) => takesValue)
      .map(({ names, choices }) => {
        const patterns = names.map((flag) => quoted(`${name} ${flag}`)).join('|');
        return `    ${patterns}) words=${quoted(choices.join(' '))} ;;`;
      }),
  );
  const commands = offers.map(({ name, flags, words }) => {
    const all = [...words, ...flags.flatMap(({ names }) => names)];
    return `      ${quoted(name)}) words=${quoted(all.join(' '))} ;;`;
  });
  return `# Completion of ${program} for bash.
_${program}() {
  local words='' cur="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W ${quoted(offers.map(({ name }) => name).join(' '))} -- "$cur"))
    return
  fi
  # bash takes --mode=fifo for three words.
  local before="\${COMP_WORDS[COMP_CWORD - 1]}"
  if [[ $before == = ]]; then before="\${COMP_WORDS[COMP_CWORD - 2]}"; fi
  if [[ $cur == = ]]; then cur=''; fi
  case "\${COMP_WORDS[1]} $before" in
${values.join('\n')}
    *) case "\${COMP_WORDS[1]}" in
${commands.join('\n')}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _${program} ${program}
`;
}

/** Escapes characters that have a meaning for _arguments. */
const forZsh = (text: string): string => text.replaceAll(/[\\[\]:]/g, String.raw`\$&`);

/** The value of a long option may be a separate word, or follow `=`. */
const zshName = (name: string, { takesValue }: Flag): string =>
  takesValue && name.startsWith('--') ? `${name}=` : name;

function zshValue({ takesValue, choices }: Flag): string {
  if (!takesValue) return '';
  return choices.length === 0 ? ':value:_files' : `:value:(${choices.join(' ')})`;
}

function zsh(program: string, offers: readonly Offer[]): string {
  const commands = offers.map(({ name, about: text }) => `    ${quoted(`${name}:${forZsh(text)}`)}`);
  const cases = offers.map(({ name, flags, words }) => {
    const specs = flags.flatMap((flag) =>
      flag.names.map((each) => quoted(`*${zshName(each, flag)}[${forZsh(flag.about)}]${zshValue(flag)}`)),
    );
    const rest = quoted(words.length === 0 ? '*:file:_files' : `*:word:(${words.join(' ')})`);
    return `    ${quoted(name)}) _arguments ${[...specs, rest].join(' ')} ;;`;
  });
  return `#compdef ${program}
# Completion of ${program} for zsh.
_${program}() {
  local -a commands=(
${commands.join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local name=$words[2]
  shift words
  ((CURRENT--))
  case $name in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = _${program} ]; then _${program} "$@"; else compdef _${program} ${program}; fi
`;
}

const forFish = (text: string): string => `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;

function fish(program: string, offers: readonly Offer[]): string {
  const commands = offers.map(
    ({ name, about }) => `complete -c ${program} -f -n __fish_use_subcommand -a ${name} -d ${forFish(about)}`,
  );
  const details = offers.flatMap(({ name, flags, words }) => {
    const start = `complete -c ${program} -n '__${program}_is ${name}'`;
    const ofFlag = ({ names, about, takesValue, choices }: Flag): string => {
      const asFish = names.map((each) =>
        each.startsWith('--') ? `-l ${each.slice(2)}` : `-s ${each.slice(1)}`,
      );
      const given = choices.length > 0 ? ` -x -a ${forFish(choices.join(' '))}` : takesValue ? ' -r' : '';
      return `${start} ${asFish.join(' ')}${given} -d ${forFish(about)}`;
    };
    return [
      ...(words.length === 0 ? [] : [`${start} -f -a ${forFish(words.join(' '))}`]),
      ...flags.map(ofFlag),
    ];
  });
  return `# Completion of ${program} for fish.
function __${program}_is
  set -l words (commandline -opc)
  test "$words[2]" = $argv[1]
end
${[...commands, ...details].join('\n')}
`;
}

const WRITERS: Readonly<Record<Shell, Writer>> = { bash, zsh, fish };
