# SPDX-License-Identifier: 0BSD
# shellcheck shell=bash disable=SC2207
# Completion for bash: source it, or copy it to /usr/share/bash-completion/completions/ as qinit and link the applets to it.
# Verbs and options are asked of the programs' own help, so that this file knows none.

_qinit_verbs() { # of the help in stdin: the first words of the indented lines before the examples
	sed -n '/^examples:/q; s/^  \([a-z][a-z-]*\) .*/\1/p'
}

_qinit_options() {
	sed -n '/^examples:/q; s/^ .*[ 	]\(--[a-z-]*\) .*/\1/p'
}

_qinit() {
	local command=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} at=1 applet
	local -a run=("$command") list

	COMPREPLY=()
	if [[ ${command##*/} == qinit ]]; then
		if ((COMP_CWORD == 1)); then
			COMPREPLY=($(compgen -W "$("$command" --list 2>/dev/null) --list --install --version" -- "$word"))
			return
		fi
		run+=("${COMP_WORDS[1]}") at=2
		list=("$command" qemu-init)
	else
		list=("${command%"${command##*/}"}qemu-init")
	fi
	applet=$("${run[@]}" -h 2>/dev/null)
	if [[ $applet == usage:*' VERB '* ]]; then
		if ((COMP_CWORD == at)); then
			COMPREPLY=($(compgen -W "$(_qinit_verbs <<<"$applet")" -- "$word"))
			return
		fi
		run+=("${COMP_WORDS[at]}")
	fi
	if [[ $word == -* ]]; then
		COMPREPLY=($(compgen -W "$("${run[@]}" -h 2>/dev/null | _qinit_options)" -- "$word"))
	elif [[ $word == */* ]]; then
		COMPREPLY=($(compgen -f -- "$word"))
	else
		COMPREPLY=($(compgen -W "$("${list[@]}" list 2>/dev/null)" -- "$word"))
	fi
}

complete -o filenames -F _qinit qinit qemu-init qemu-adm qemu-mon qemu-cmd qemud
