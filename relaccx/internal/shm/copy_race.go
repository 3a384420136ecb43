//go:build race && !steps

package shm

// A reader's copy races with the writer by design: it is thrown away when it
// lost. The race detector must not see it, and it sees every copy, of a function
// that is norace as well: the runtime tells it. So bytes are moved one by one.

// unwatched is false: the race detector would watch what is read.
const unwatched = false

//go:norace
func copyOut(dst, mapped []byte) {
	for i := range min(len(dst), len(mapped)) {
		dst[i] = mapped[i]
	}
}

//go:norace
func copyIn(mapped, src []byte) {
	for i := range min(len(mapped), len(src)) {
		mapped[i] = src[i]
	}
}

//go:norace
func same(mapped, want []byte) bool {
	if len(mapped) != len(want) {
		return false
	}
	for i := range want {
		if mapped[i] != want[i] {
			return false
		}
	}
	return true
}

func beforeCall() {} // a step of the model check
