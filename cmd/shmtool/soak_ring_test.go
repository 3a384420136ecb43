package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// pipe launches a command whose output is read as it comes.
func (s *soak) pipe(args ...string) (*os.File, *process) {
	r, w, err := os.Pipe()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { r.Close() })
	p := launchTo(s.t, s.dir, w, args...)
	w.Close()
	return r, p
}

// endOfRing returns the number of records that were ever written to the ring.
func (s *soak) endOfRing() uint64 {
	text := strings.TrimSpace(shmtool(s.t, s.dir, "dump", "ring", "--jq", ".header.endpos"))
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// write has a writer of the ring after the other, each killed in the middle of its work,
// and resizes the ring while they write. Record N has the value N.
func (s *soak) write() {
	s.every(0, func() {
		next := s.endOfRing()
		w := launch(s.t, s.dir, "append", "ring", "--rate", "2000", "--lock-timeout", "1m")
		life := time.Now().Add(3 * time.Second)
		for time.Now().Before(life) {
			if _, err := fmt.Fprintf(w.stdin, "{\"n\":%d,\"text\":\"t%d\"}\n", next, next%1000); err != nil {
				s.t.Errorf("append ended: %s", w.err.String())
				return
			}
			next++
		}
		_ = w.cmd.Process.Kill()
		_ = w.cmd.Wait()
		s.count("writers killed", 1)
	})
	size := 8
	s.every(2500*time.Millisecond, func() {
		size = 8 + (size+8)%64
		s.once("resizes", []int{0}, "resize", "ring", "--lock-timeout", "1m", "--field", fmt.Sprintf("text:string:%d", size))
	})
}

// ringReader checks what a follower of the ring prints.
type ringReader struct {
	*soak
	who        string
	next, lost uint64        // the next record, and those that were lost
	ended      chan struct{} // closed when the output ends
}

// read checks lines until they end. A follower that was killed may leave a part of one.
func (r *ringReader) read(output io.Reader) {
	defer close(r.ended)
	lines := bufio.NewReader(output)
	for {
		text, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		var l line
		switch err := json.Unmarshal([]byte(text), &l); {
		case err != nil:
			r.t.Errorf("%s: %v: %s", r.who, err, text)
			return
		case l.Event != "":
			r.next += l.Lost
			r.lost += l.Lost
		case l.Number == nil || *l.Number != r.next || l.N != r.next:
			r.t.Errorf("%s: record %d is %s", r.who, r.next, text)
			return
		default:
			r.next++
		}
	}
}

// reader returns what follows the ring for a while from where the one before was killed.
func (s *soak) reader() func() {
	var next uint64
	return func() {
		output, p := s.pipe("tail", "-f", "ring", "--from", fmt.Sprint(next), "-o", "ndjson", "--events")
		r := &ringReader{soak: s, who: "killed follower", next: next, ended: make(chan struct{})}
		go r.read(output)
		time.Sleep(1700 * time.Millisecond)
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		<-r.ended
		s.count("followers killed", 1)
		s.count("records that killed followers saw", r.next-next-r.lost)
		s.count("records that killed followers lost", r.lost)
		next = r.next
	}
}
