# bash completion of shmtool. To load it: source <(shmtool completion bash)
_shmtool() {
	# bash parts words at = : @, which names of pages hold; put them together.
	local rest=${COMP_LINE:0:COMP_POINT} words=() word i
	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $i == 0 || -z $rest || $rest == [[:blank:]]* ]]; then
			rest=${rest#"${rest%%[![:blank:]]*}"}
			words+=("")
		fi
		[[ $i == "$COMP_CWORD" ]] && word=$rest
		words[${#words[@]} - 1]+=$word
		rest=${rest#"$word"}
	done
	# bash puts a candidate in the place of $2, and leaves what stands before it.
	local kept=${words[${#words[@]} - 1]%"$2"} name about
	COMPREPLY=()
	while IFS=$'\t' read -r name about; do
		printf -v name %q "$name"
		COMPREPLY+=("${name#"$kept"}")
	done < <("$1" __complete "${words[@]:1}" 2>/dev/null)
	[[ ${#COMPREPLY[@]} == 1 && $COMPREPLY == *[=:,/] ]] && compopt -o nospace 2>/dev/null
	return 0
}
complete -o default -F _shmtool shmtool
