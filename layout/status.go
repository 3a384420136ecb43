package layout

// Status is the first byte of a page: three bits by which its writer speaks
// to every reader. relaccx(5), Header.
type Status uint8

// The status bits. Bits 3 to 7 mean nothing; MistServer ignores them.
const (
	StatusReady  Status = 1 << iota // header and fields are complete and fixed
	StatusExit                      // the writer is done with the page
	StatusReload                    // close the page and open its name again
	statusKnown  = StatusReady | StatusExit | StatusReload
)

// Ready reports whether the page may be read at all.
func (s Status) Ready() bool { return s&StatusReady != 0 }

// Exit reports whether the writer is done.
func (s Status) Exit() bool { return s&StatusExit != 0 }

// Reload reports whether readers must open the name again.
func (s Status) Reload() bool { return s&StatusReload != 0 }

// Known reports whether only defined bits are set.
func (s Status) Known() bool { return s&^statusKnown == 0 }

// String names the bits, joined by a comma: "ready", "ready,reload". A page
// without the ready bit begins with "not ready".
func (s Status) String() string {
	text := "not ready"
	if s.Ready() {
		text = "ready"
	}
	if s.Exit() {
		text += ",exit"
	}
	if s.Reload() {
		text += ",reload"
	}
	if !s.Known() {
		text += ",unknown"
	}
	return text
}
