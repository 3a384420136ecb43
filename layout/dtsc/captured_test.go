package dtsc

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shmtool/layout"
)

// Pages of living MistServers lie beside the repository, never in it. Without
// them these tests are skipped.
const capturedPages = "../../../shared/pages"

// packedObjects are the prefixes of the names of the objects that hold what this
// package reads, and of those that tell what must be in them.
var packedObjects = regexp.MustCompile("^Mst(SCnf|Capa|Prot|Push|Data|Trak)")

// archived keeps what an archive holds: to unpack it takes longest.
var archived = map[string]map[string][]byte{}

// eachArchive calls f with the packed objects of every archive, without most of
// the zeros that they end in.
func eachArchive(t *testing.T, f func(t *testing.T, objects map[string][]byte)) {
	archives, err := filepath.Glob(filepath.Join(capturedPages, "[0-9]*.tar.gz"))
	if err != nil || len(archives) == 0 {
		t.Skip("no captured pages in " + capturedPages)
	}
	for _, archive := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(archive), ".tar.gz"), func(t *testing.T) {
			if archived[archive] == nil {
				archived[archive] = readArchive(t, archive)
			}
			f(t, archived[archive])
		})
	}
}

func readArchive(t *testing.T, archive string) map[string][]byte {
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	objects := map[string][]byte{}
	for members := tar.NewReader(unpacked); ; {
		member, err := members.Next()
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		folder, name := path.Split(member.Name)
		if path.Base(folder) == "shm" && packedObjects.MatchString(name) {
			objects[name] = readObject(t, members)
		}
	}
}

func readObject(t *testing.T, from io.Reader) (object []byte) {
	block, zeros, skipped := make([]byte, 64<<10), make([]byte, 64<<10), 0
	for {
		n, err := io.ReadFull(from, block)
		if bytes.Equal(block[:n], zeros[:n]) {
			skipped += n
		} else {
			object = append(append(object, make([]byte, skipped)...), block[:n]...)
			skipped = 0
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return append(object, zeros[:min(skipped, 16)]...)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// table is the available records of a page.
type table struct {
	page   []byte
	header layout.Header
	schema *layout.Schema
}

func openTable(t testing.TB, page []byte) table {
	t.Helper()
	h, err := layout.DecodeHeader(page)
	if err != nil {
		t.Fatal(err)
	}
	s, err := layout.DecodeSchema(page, h)
	if err != nil {
		t.Fatal(err)
	}
	return table{page, h, s}
}

// record is a record by its number; what was cut off is zero.
func (r table) record(n uint64) []byte {
	if r.header.RecordCount > 0 {
		n %= uint64(r.header.RecordCount)
	}
	from := uint64(r.header.Offset) + n*uint64(r.header.RecordSize)
	record := make([]byte, r.header.RecordSize)
	copy(record, r.page[min(from, uint64(len(r.page))):])
	return record
}

func (r table) uint(n uint64, name string) uint64 { return r.schema.Lookup(name).Uint(r.record(n)) }

func (r table) nested(t testing.TB, n uint64, name string) table {
	return openTable(t, r.schema.Lookup(name).In(r.record(n)))
}

func (r table) window() layout.Window { return r.header.Window(1 << 30) }

func checkConfiguration(t *testing.T, name string, page []byte) {
	r := openTable(t, page)
	packed := r.schema.Lookup("dtsc_data").In(r.record(0))
	v, err := Decode(packed)
	if err != nil || len(v.Packed()) != len(packed) {
		t.Fatalf("%s: %d bytes of %d are a value, %v", name, len(v.Packed()), len(packed), err)
	}
	text, err := AppendJSON(nil, packed)
	if err != nil || !json.Valid(text) {
		t.Errorf("%s: %v", name, err)
	}
	again, err := Pack(nil, text)
	if err != nil || !bytes.Equal(packed, again) {
		t.Errorf("%s: %v, packed again (-want +got):\n%s", name, err, cmp.Diff(packed, again))
	}
	if strings.HasPrefix(name, "MstSCnf") {
		if source, ok := v.Lookup("source"); !ok || source.Kind() != String {
			t.Errorf("%s has no source: %s", name, text)
		}
	}
}

func TestCapturedConfigurations(t *testing.T) {
	eachArchive(t, func(t *testing.T, objects map[string][]byte) {
		count := 0
		for name, page := range objects {
			switch name[:7] {
			case "MstSCnf", "MstCapa", "MstProt":
				checkConfiguration(t, name, page)
				count++
			}
		}
		if count < 7 {
			t.Errorf("only %d configurations", count)
		}
	})
}

func TestGoldenConfiguration(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(capturedPages, "golden", "scnf.bin"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	checkConfiguration(t, "MstSCnf", page)
	r := openTable(t, page)
	if got := r.schema.Lookup("dtsc_data").In(r.record(0)); string(got) != scnf {
		t.Errorf("the page has %q", got)
	}
}

func TestCapturedPushList(t *testing.T) {
	eachArchive(t, func(t *testing.T, objects map[string][]byte) {
		page, ok := objects["MstPush"]
		if !ok {
			t.Skip("nobody pushed yet")
		}
		if list, err := readPushes(string(page)); err != nil || len(list) > 0 { // nobody does now
			t.Errorf("%v, %v", list, err)
		}
	})
}

// readPackets reads a data page, whose packets must encode to what they are.
func readPackets(t *testing.T, name string, page []byte) []Packet {
	var packets []Packet
	var again []byte
	for p, err := range Packets(page) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if again, err = AppendPacket(again, &p, p.Payload(page)); err != nil {
			t.Fatal(err)
		}
		packets = append(packets, p)
	}
	if !bytes.HasPrefix(page, again) || len(bytes.Trim(page[len(again):], "\x00")) > 0 {
		t.Errorf("%s: packets encode to other bytes", name)
	}
	return packets
}

// A page that is being written was saved before the track page that tells of it:
// at most this many packets, a second of sound, are missing.
const second = 50

// A track page tells of every packet in the data pages: which page it lies in,
// how far they are written, and of each packet its size, time and key.
func TestCapturedPackets(t *testing.T) {
	eachArchive(t, func(t *testing.T, objects map[string][]byte) {
		seen := 0
		for name, page := range objects {
			var owner trackOwner
			if rest, ok := strings.CutPrefix(name, "MstTrak"); ok {
				owner.stream, rest, _ = strings.Cut(rest, "@")
				if _, err := fmt.Sscanf(rest, "%d-%d", &owner.pid, &owner.index); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				seen += checkTrack(t, owner, openTable(t, page), objects)
			}
		}
		for name := range objects {
			if strings.HasPrefix(name, "MstData") {
				seen--
			}
		}
		if seen != 0 {
			t.Errorf("%d data pages more are listed than there are", seen)
		}
	})
}

// trackOwner is what a track page's name says.
type trackOwner struct {
	stream     string
	pid, index int
}

// checkTrack holds a track against its data pages and says how many it has.
func checkTrack(t *testing.T, track trackOwner, r table, objects map[string][]byte) (count int) {
	var packets []Packet
	pages := r.nested(t, 0, "pages")
	for n := pages.window().First; n < pages.window().End; n++ {
		name := fmt.Sprintf("MstData%s@%d_%d", track.stream, track.index, pages.uint(n, "firstkey"))
		page, ok := objects[name]
		if avail := pages.uint(n, "avail"); !ok || avail == 0 {
			continue
		}
		here := readPackets(t, name, page)
		checkPage(t, name, pages, n, here)
		packets = append(packets, here...)
		count++
	}
	checkParts(t, track, r, packets)
	checkKeys(t, track, r, packets)
	return count
}

func checkPage(t *testing.T, name string, pages table, n uint64, packets []Packet) {
	if len(packets) == 0 {
		t.Fatalf("%s has no packets", name)
	}
	last := packets[len(packets)-1]
	end, avail := uint64(last.Offset+last.Size), pages.uint(n, "avail")
	if written := n+1 == pages.window().End; end > avail || end < avail && !written {
		t.Errorf("%s: packets end at %d, avail is %d", name, end, avail)
	}
	if first := pages.uint(n, "firsttime"); first != packets[0].Time {
		t.Errorf("%s: first packet at %d ms, firsttime is %d", name, packets[0].Time, first)
	}
	if count := pages.uint(n, "parts"); count != 0 && int(count) != len(packets) { // 0: still written
		t.Errorf("%s: %d packets, parts is %d", name, len(packets), count)
	}
}

func checkParts(t *testing.T, track trackOwner, r table, packets []Packet) {
	parts := r.nested(t, 0, "parts")
	w := parts.window()
	if count := uint64(len(packets)); count > w.Count() || count+second < w.Count() {
		t.Fatalf("%+v: %d packets, %d parts", track, count, w.Count())
	}
	for i, p := range packets {
		n := w.First + uint64(i)
		if size := parts.uint(n, "size"); size != uint64(p.PayloadSize) {
			t.Fatalf("%+v, part %d: payload of %d bytes, size is %d", track, n, p.PayloadSize, size)
		}
		if i+1 < len(packets) && parts.uint(n, "duration") != packets[i+1].Time-p.Time {
			t.Fatalf("%+v, part %d: lasts %d ms, duration is %d", track, n, packets[i+1].Time-p.Time, parts.uint(n, "duration"))
		}
		if int(p.Track) != track.index {
			t.Fatalf("%+v: a packet of track %d", track, p.Track)
		}
	}
}

func checkKeys(t *testing.T, track trackOwner, r table, packets []Packet) {
	times := map[uint64]bool{}
	keys := r.nested(t, 0, "keys")
	for n := keys.window().First; n < keys.window().End; n++ {
		times[keys.uint(n, "time")] = true
	}
	for _, p := range packets {
		if p.Key && !times[p.Time] {
			t.Fatalf("%+v: keyframe at %d ms is no key", track, p.Time)
		}
	}
}
