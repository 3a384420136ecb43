package recording

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/foxglove/mcap/go/mcap"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/layout"
)

const (
	profile       = "x-shmtool"         // of our files, in their header
	metadataName  = "shmtool.recording" // of the record that says of which version
	formatVersion = "1"

	chunkSize    = 1 << 20
	chunkAge     = time.Second // how long a message waits at most for its chunk to be closed
	maxChunkSize = 256 << 20   // what a reader unpacks of one chunk, at most
)

// ErrTooLarge is a record whose message no reader of ours would take.
var ErrTooLarge = fmt.Errorf("record is larger than the %d MiB that a recording holds", maxChunkSize>>21)

// file is a recording that is being written: one file, or with split one after
// the other.
type file struct {
	name  string
	force bool
	split int64 // bytes after which another file begins; 0 never
	count int   // files so far

	to       io.Writer // where the only file goes, instead of one by name; nil for none
	out      *os.File  // nil with to, and when no file is open
	buffered *bufio.Writer
	writer   *mcap.Writer
	options  *mcap.WriterOptions
	whole    int64 // bytes of out that are whole chunks
	total    int64 // the same of all files
	chunks   int   // that are closed
	channels map[channelKey]uint16
	schemas  map[string]uint16
	ids      int

	// The newest message waits here: the writer closes a chunk only behind a
	// message, so there must be one when it is time.
	pending  mcap.Message
	waiting  bool
	opened   time.Time // when the first message came into the chunk that is open
	written  uint64    // messages in this file
	repeated uint64    // how many of them tell what the file before has told
	last     uint64    // the time of the newest message, in all files
	failed   error
}

// channelKey is a channel: all that tells it from others.
type channelKey struct {
	topic, schema string
	events        bool
}

// open begins the next file.
func (f *file) open() error {
	f.count++
	if f.to != nil {
		return f.begin(f.to)
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if f.force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	// It holds secrets; and a FIFO without a reader must not hang us.
	out, err := os.OpenFile(f.path(), flags|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return &FileError{f.path(), cause.OfFile(err)}
	}
	f.out = out
	return f.begin(out)
}

// begin writes what stands before the first message. Nothing seeks in what is
// written: it may be a pipe.
func (f *file) begin(out io.Writer) (err error) {
	f.buffered = bufio.NewWriterSize(out, 256<<10)
	f.options = &mcap.WriterOptions{IncludeCRC: true, Chunked: true, ChunkSize: f.chunkSize(), Compression: mcap.CompressionZSTD}
	f.channels, f.schemas, f.ids = map[channelKey]uint16{}, map[string]uint16{}, 0
	f.whole, f.chunks, f.waiting, f.written, f.repeated, f.opened = 0, 0, false, 0, 0, time.Time{}
	if f.writer, err = mcap.NewWriter(f.buffered, f.options); err == nil {
		err = f.writer.WriteHeader(&mcap.Header{Profile: profile, Library: "shmtool"})
	}
	if err == nil {
		err = f.writer.WriteMetadata(&mcap.Metadata{Name: metadataName, Metadata: map[string]string{
			"version": formatVersion, "part": fmt.Sprint(f.count),
		}})
	}
	return f.settle(errors.Join(err, f.commit()))
}

func (f *file) chunkSize() int64 {
	if f.split == 0 {
		return chunkSize
	}
	return max(1, min(chunkSize, f.split/4))
}

// path returns the file's name; of several, with their number before what the name
// ends in: rec-0001.mcap.
func (f *file) path() string {
	if f.split == 0 {
		return f.name
	}
	ext := filepath.Ext(f.name)
	return fmt.Sprintf("%s-%04d%s", strings.TrimSuffix(f.name, ext), f.count, ext)
}

// full reports whether it is time for another file: never before something
// stands in this one that is not told from the one before.
func (f *file) full() bool {
	return f.split > 0 && f.whole >= f.split && f.chunks > 0 && f.written > f.repeated
}

// FileError is about the file of a recording.
type FileError struct {
	Path string
	Err  error
}

// Error returns one line: file, cause.
func (e *FileError) Error() string { return fmt.Sprintf("file %q: %v", e.Path, e.Err) }

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// settle remembers the first error, after which nothing more is written: the
// file is cut to what is whole of it, and goes where that is nothing.
func (f *file) settle(err error) error {
	if err == nil || f.failed != nil {
		return f.failed
	}
	f.failed = &FileError{f.path(), cause.OfFile(err)}
	if f.out != nil {
		_ = f.out.Truncate(f.whole) // of no file that is none, such as /dev/full
		if f.whole == 0 && !f.force {
			_ = os.Remove(f.path()) // it is new, and holds nothing
		}
	}
	return f.failed
}

// commit gives what is whole to the kernel.
func (f *file) commit() error {
	if err := f.buffered.Flush(); err != nil {
		return err
	}
	now := int64(f.writer.Offset())
	f.total += now - f.whole
	f.whole = now
	return nil
}

// records returns the channel for a page's records with these fields.
func (f *file) records(topic string, s *layout.Schema) (uint16, error) {
	fields := s.String()
	key := channelKey{topic: topic, schema: fields}
	return f.channel(key, topic, func() ([]byte, error) { return jsonSchema(topic, s) })
}

// events returns the channel for what else happens on a page.
func (f *file) events(topic string) (uint16, error) {
	key := channelKey{topic: topic, events: true}
	return f.channel(key, "shmtool.event", func() ([]byte, error) { return eventSchema, nil })
}

// The metadata of our channels.
const (
	metaPage = "page" // the page's name
	metaKind = "kind" // one of those below

	kindRecords = "records"
	kindEvents  = "events"
	eventSuffix = "#events"
)

func (f *file) channel(key channelKey, schema string, describe func() ([]byte, error)) (uint16, error) {
	if id, ok := f.channels[key]; ok {
		return id, nil
	}
	if f.ids >= math.MaxUint16 {
		return 0, f.settle(errors.New("has no room for another channel"))
	}
	schemaID, err := f.schema(schema, key, describe)
	if err != nil {
		return 0, err
	}
	f.ids++
	c := &mcap.Channel{ID: uint16(f.ids), SchemaID: schemaID, Topic: key.topic, MessageEncoding: "json", Metadata: map[string]string{metaPage: key.topic, metaKind: kindRecords}}
	if key.events {
		c.Topic, c.Metadata[metaKind] = key.topic+eventSuffix, kindEvents
	}
	f.channels[key] = c.ID
	return c.ID, f.settle(f.writer.WriteChannel(c))
}

func (f *file) schema(name string, key channelKey, describe func() ([]byte, error)) (uint16, error) {
	text, err := describe()
	if err != nil {
		return 0, err
	}
	if id, ok := f.schemas[string(text)]; ok {
		return id, nil
	}
	id := uint16(len(f.schemas) + 1)
	f.schemas[string(text)] = id
	return id, f.settle(f.writer.WriteSchema(&mcap.Schema{ID: id, Name: name, Encoding: "jsonschema", Data: text}))
}

// put writes a message; text is copied.
func (f *file) put(channel uint16, sequence uint32, at time.Time, text []byte) error {
	if f.failed != nil {
		return f.failed
	}
	if len(text) > maxChunkSize/2 {
		return ErrTooLarge
	}
	if err := f.release(); err != nil {
		return err
	}
	// No two messages have one time, so that a tool that sorts them by it keeps
	// their order.
	stamp := max(uint64(at.UnixNano()), f.last+1)
	f.last = stamp
	f.pending = mcap.Message{ChannelID: channel, Sequence: sequence, LogTime: stamp, PublishTime: stamp, Data: append(f.pending.Data[:0], text...)}
	f.waiting = true
	f.written++
	if f.opened.IsZero() {
		f.opened = at
	}
	return nil
}

// release gives the message that waits to the writer, which may close the chunk.
func (f *file) release() error {
	if !f.waiting {
		return nil
	}
	f.waiting = false
	err := f.writer.WriteMessage(&f.pending)
	if n := len(f.writer.ChunkIndexes); n > f.chunks {
		f.chunks, f.opened = n, time.Time{}
		err = errors.Join(err, f.commit())
	}
	return f.settle(err)
}

// due reports whether a message has waited long enough.
func (f *file) due(now time.Time) bool {
	return !f.opened.IsZero() && now.Sub(f.opened) >= chunkAge*3/4
}

// flush closes the chunk.
func (f *file) flush() error {
	f.options.ChunkSize = -1 // which the writer looks at behind every message
	err := f.release()
	f.options.ChunkSize = f.chunkSize()
	return err
}

// close ends the file with its index. A file that failed keeps what is whole.
func (f *file) close() error {
	if f.writer == nil {
		return nil
	}
	err := f.release()
	if err == nil {
		err = f.settle(errors.Join(f.writer.Close(), f.buffered.Flush()))
	}
	f.writer = nil
	if f.out == nil {
		return err
	}
	if closed := f.out.Close(); err == nil && closed != nil {
		err = &FileError{f.path(), cause.OfFile(closed)}
	}
	f.out = nil
	return err
}
