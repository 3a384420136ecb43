// Package semaphore opens and makes the named semaphores with which MistServer's
// processes take turns on pages. They lie beside the pages in shared memory, in files
// whose names begin with "sem.", and are those of the 64-bit glibc: its sem_open,
// sem_wait, and sem_post work on the same objects. shmtool-mistserver(7) says which
// semaphore guards what.
//
// Errors are a *[relaccx.PageError] that names the object; a semaphore whose file was
// cut short is [relaccx.ErrTruncated].
package semaphore
