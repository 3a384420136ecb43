# fish completion of shmtool. To load it: shmtool completion fish | source
function __shmtool_complete
	set -l words (commandline -opc)
	set -l typed (commandline -ct)
	# A quote may still be open.
	set -l word (string unescape -- $typed; or string unescape -- $typed\'; or string unescape -- $typed\")
	set -q word[1]; or set word $typed ''
	$words[1] __complete $words[2..-1] $word[1] 2>/dev/null
end
complete -c shmtool -f -a '(__shmtool_complete)'
complete -c shmtool -F -n 'string match -q "~*" -- (commandline -ct)' # shmtool knows no home
