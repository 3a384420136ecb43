package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"

	"shmtool/cmd/shmtool/internal/fail"
)

// Answer is what shmtool on one of several machines has printed.
type Answer struct {
	Host     string
	Code     int                        // the exit code
	Document map[string]json.RawMessage // one JSON document; nil when there is none
	Said     []string                   // lines on standard error, without the name of the program
	Err      error                      // the host could not be asked, or has no answer
}

// Ask runs the same command on many hosts at once, and returns their answers in the order of
// the hosts. The command prints one JSON document.
func Ask(ctx context.Context, hosts, words []string, getenv func(string) string) []Answer {
	answers := make([]Answer, len(hosts))
	free := make(chan struct{}, atOnce)
	var asked sync.WaitGroup
	for i, host := range hosts {
		asked.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			answers[i] = ask(ctx, &Run{Host: host, Words: words, Alone: true, Getenv: getenv})
		})
	}
	asked.Wait()
	return answers
}

// atOnce is how many hosts are asked at the same time.
const atOnce = 32

func ask(ctx context.Context, r *Run) Answer {
	a := Answer{Host: r.Host}
	var stdout, stderr bounded
	stdout.room, stderr.room = largestDocument, largestMessages
	r.Stdout, r.Stderr = &stdout, &stderr
	a.Code, a.Err = r.Do(ctx)
	message := a.listen(stderr.String())
	switch {
	case a.Err != nil:
		if errors.Is(a.Err, errSSH) && len(a.Said) > 0 { // what ssh says is why
			a.Err, a.Said = OnHost(r.Host, errors.New(strings.Join(a.Said, "; "))), nil
		}
		return a
	case stdout.over:
		a.Err = OnHost(r.Host, fmt.Errorf("its answer is longer than %d MiB", largestDocument>>20))
		return a
	}
	if err := json.Unmarshal(stdout.Bytes(), &a.Document); err == nil && a.Document != nil {
		return a
	}
	a.Document = nil
	if message == "" {
		message = fmt.Sprintf("no JSON, exit code %d", a.Code)
	}
	if a.Err = OnHost(r.Host, errors.New(message)); a.Code == fail.ExitNotFound {
		a.Err = fail.Worded(fs.ErrNotExist, fmt.Sprintf("host %q: %s", r.Host, message))
	}
	return a
}

// NotFound reports whether the host was asked, and does not have what was asked for.
func (a *Answer) NotFound() bool { return a.Err != nil && a.Code == fail.ExitNotFound }

// listen takes apart what stands on standard error: lines of the program, and its error, which
// is JSON.
func (a *Answer) listen(text string) (message string) {
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		var doc struct {
			Error *struct{ Message, Hint string }
		}
		if json.Unmarshal([]byte(line), &doc) == nil && doc.Error != nil {
			message = doc.Error.Message
			if doc.Error.Hint != "" {
				message += "; " + doc.Error.Hint
			}
			continue
		}
		if rest, ours := strings.CutPrefix(line, "shmtool: "); ours {
			_, line, _ = strings.Cut(rest, ": ")
		}
		if line != "" {
			a.Said = append(a.Said, line)
		}
	}
	return message
}

// The most that is taken from a host: no host can make this program as large as it likes.
const (
	largestDocument = 256 << 20
	largestMessages = 64 << 10
)

// bounded takes so many bytes, and lets go of what comes after.
type bounded struct {
	bytes.Buffer
	room int
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if room := b.room - b.Len(); len(p) > room {
		b.over = true
		b.Buffer.Write(p[:room])
		return len(p), nil
	}
	return b.Buffer.Write(p)
}

var _ io.Writer = (*bounded)(nil)
