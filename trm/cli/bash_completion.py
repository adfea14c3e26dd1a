"""Completion in bash for words with `=` and `:`, such as `task.style=plain` and `sudoku:hard`.

Bash splits words at these characters before it calls a completion function, and replaces only the part after the last one.
Click's own class takes the parts for separate arguments. This one reads the whole line instead.
"""

from __future__ import annotations

import os

from click.shell_completion import BashComplete, CompletionItem, add_completion_class, split_arg_string

SOURCE = """\
%(complete_func)s() {
    local IFS=$'\\n' response completion type value
    response=$(env COMP_WORDS="${COMP_LINE:0:COMP_POINT}" COMP_CWORD=$COMP_CWORD COMP_LINE="${COMP_LINE:0:COMP_POINT}" \
COMP_WORDBREAKS="$COMP_WORDBREAKS" %(complete_var)s=bash_complete $1)
    for completion in $response; do
        IFS=',' read -r type value <<< "$completion"
        case $type in
            dir) compopt -o filenames; COMPREPLY+=($(compgen -d -- "$value")) ;;
            file) compopt -o filenames; COMPREPLY+=($(compgen -f -- "$value")) ;;
            *) COMPREPLY+=("$value"); [[ $value == *[=/] ]] && compopt -o nospace ;;
        esac
    done
    return 0
}

%(complete_func)s_setup() {
    complete -o nosort -F %(complete_func)s %(prog_name)s
}

%(complete_func)s_setup;
"""


class LineComplete(BashComplete):
    """Click's completion for bash, on the line up to the cursor."""

    source_template = SOURCE
    name = "bash"
    kept = ""
    """The start of the word that bash keeps as it is."""

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ.get("COMP_LINE")
        if line is None:  # the script of an earlier version, in a shell that still runs
            return super().get_completion_args()
        words = split_arg_string(line)[1:]
        incomplete = "" if line[-1:].isspace() or not words else words.pop()
        self.kept = _kept(incomplete, os.environ.get("COMP_WORDBREAKS", ""))
        return words, incomplete

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        items = super().get_completions(args, incomplete)
        # Bash would complete a path from the part behind the `:` alone.
        return [item for item in items if item.type == "plain" or not self._overlap(item)]

    def format_completion(self, item: CompletionItem) -> str:
        return f"{item.type},{item.value[self._overlap(item) :]}"

    def _overlap(self, item: CompletionItem) -> int:
        """How much of a value bash keeps already: of `task.style=plain` the part that ends `--set=task.style=`."""
        sizes = range(len(self.kept), 0, -1)
        return next((size for size in sizes if item.value.startswith(self.kept[-size:])), 0)


def _kept(word: str, breaks: str) -> str:
    """The word up to its last `=` or `:`, where bash splits words there."""
    return word[: max((word.rfind(mark) for mark in "=:" if mark in breaks), default=-1) + 1]


add_completion_class(LineComplete)
