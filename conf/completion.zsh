#compdef qinit qemu-init qemu-adm qemu-mon qemu-cmd qemud
# SPDX-License-Identifier: 0BSD
# Completion for zsh, minimal: copy it into $fpath as _qinit. The words are those of the programs' own help.

local command=$words[1] at=2
local -a run list
run=($command) list=(${command%${command:t}}qemu-init)
if [[ ${command:t} == qinit ]]; then
	((CURRENT == 2)) && { compadd -- $($command --list 2>/dev/null) --list --install --version; return }
	run+=($words[2]) at=3 list=($command qemu-init)
fi
local help=$($run -h 2>/dev/null)
if [[ $help == usage:*' VERB '* ]]; then
	((CURRENT == at)) && { compadd -- $(sed -n '/^examples:/q; s/^  \([a-z][a-z-]*\) .*/\1/p' <<<$help); return }
	run+=($words[at])
fi
if [[ $PREFIX == -* ]]; then
	compadd -- $($run -h 2>/dev/null | sed -n '/^examples:/q; s/^ .*[ 	]\(--[a-z-]*\) .*/\1/p')
elif [[ $PREFIX == */* ]]; then
	_files
else
	compadd -- $($list list 2>/dev/null)
fi
