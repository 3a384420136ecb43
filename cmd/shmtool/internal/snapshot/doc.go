// Package snapshot saves what there is of shared memory at one moment, and of the
// processes around it, and opens what was saved.
//
// On disk a moment is a folder, or an archive of one:
//
//	shm/NAME                a copy of each object, holes left as holes
//	proc/uptime, proc/locks as in /proc, the locks of saved objects alone
//	proc/PID/…              stat, comm, cmdline, status, and maps of objects
//	proc/PID/task/*/syscall of processes that map a semaphore
//	moment.json             what the copies cannot tell: procs.Saved
//
// Package redact makes of it one that can be sent to a stranger, where that is asked for.
//
// Nothing is written to what is saved: objects are opened for reading, no lock is
// taken, no semaphore touched.
//
// An archive is written while objects are copied: their copies lie in memory until those of
// their stream are whole, and in temporary files when they are too large for that. save.go
// says where all of it goes.
//
// capture.go decides what is copied, and when it is copied again; copy.go copies
// one object into what replica.go has, packets.go makes packets and the pages that tell of them agree;
// processes.go saves the processes, among them those that named.go finds in the
// objects. save.go puts it all into its place, open.go opens it, extract.go what is
// packed. archive.go writes archives. Holes are kept by sparse.go, and in archives by sparse_tar.go.
package snapshot

// The folders and files of a moment.
const (
	shmFolder  = "shm"
	procFolder = "proc"
)
