# fish completion of shmtool. To load it: shmtool completion fish | source
function __shmtool_complete
	set -l words (commandline -opc) (commandline -ct)
	$words[1] __complete $words[2..-1] 2>/dev/null
end
complete -c shmtool -f -a '(__shmtool_complete)'
