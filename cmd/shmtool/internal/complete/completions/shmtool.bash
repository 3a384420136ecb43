# bash completion of shmtool. To load it: source <(shmtool completion bash)
_shmtool() {
	# bash parts words at = : @ and leaves quotes in them; take the line apart as the shell
	# will. What stands before $2 in the last word stays when bash puts a candidate there.
	local line=${COMP_LINE:0:COMP_POINT} words=() word= before= quote= some= kept= c i
	for ((i = 0; i < ${#line}; i++)); do
		((i == ${#line} - ${#2})) && kept=$word
		c=${line:i:1}
		case $quote$c in
		[[:blank:]])
			[[ $some ]] && words+=("$word")
			word= some= kept=
			continue
			;;
		\' | \") quote=$c ;;
		\'\' | \"\") quote= ;;
		\\) ((++i)) && word+=${line:i:1} ;;
		\"\\)
			[[ ${line:i+1:1} == [\"\\\$\`] ]] && ((++i))
			word+=${line:i:1}
			;;
		*) word+=$c ;;
		esac
		some=yes
	done
	[[ $2 ]] || kept=$word
	COMPREPLY=()
	((${#words[@]})) && before=${words[${#words[@]} - 1]}
	[[ $before =~ ^[0-9\&]*[\<\>]+$ ]] && return 0 # a redirection to a file
	local name about text
	while IFS=$'\t' read -r name about; do
		name=${name#"$kept"} text=
		for ((i = 0; i < ${#name}; i++)); do
			c=${name:i:1}
			case $quote$c in
			\'\') c="'\''" ;;
			\'?) ;;
			\"[\"\\\$\`]) c=\\$c ;;
			\"?) ;;
			[[:alnum:]_.,:=@%+/-]) ;;
			*) c=\\$c ;;
			esac
			text+=$c
		done
		COMPREPLY+=("$text")
	done < <("$1" __complete "${words[@]:1}" "$word" 2>/dev/null)
	[[ ${#COMPREPLY[@]} == 1 && $COMPREPLY == *[=:,/] ]] && compopt -o nospace 2>/dev/null
	return 0
}
complete -o default -F _shmtool shmtool
