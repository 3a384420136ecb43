#compdef shmtool
# zsh completion of shmtool. To load it: source <(shmtool completion zsh),
# or put it as _shmtool into a folder of $fpath.
_shmtool() {
	local name about
	local -a names texts open opentexts
	while IFS=$'\t' read -r name about; do
		if [[ $name == *[=:,/] ]]; then
			open+=("$name") opentexts+=("$name${about:+  -- $about}")
		else
			names+=("$name") texts+=("$name${about:+  -- $about}")
		fi
	done < <("${words[1]}" __complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)
	if ! (( $#names + $#open )); then
		[[ $PREFIX == \~* ]] && _files # shmtool knows no home
		return
	fi
	(( $#names )) && compadd -l -d texts -a names
	(( $#open )) && compadd -l -S '' -d opentexts -a open
	return 0
}
# Loaded by source it makes itself known; as a file of $fpath it is called.
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _shmtool "$@"; else compdef _shmtool shmtool; fi
