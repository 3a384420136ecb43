package mist

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"shmtool/layout"
)

// What living MistServers had in shared memory lies beside the repository, never
// in it. Without it these tests are skipped.
const capturedPages = "../../../shared/pages"

// capturedKinds is what each of the captured objects is, written down a second
// time.
var capturedKinds = []struct {
	name *regexp.Regexp
	kind Kind
	page bool
}{
	{regexp.MustCompile(`^MstMeta(live|vod|vodmkv)$`), "meta", true},
	{regexp.MustCompile(`^MstTrak(live|vod|vodmkv)@\d+-\d$`), "track", true},
	{regexp.MustCompile(`^MstData(live|vod|vodmkv)@\d_\d+$`), "data", false},
	{regexp.MustCompile(`^MstUser(live|vod|vodmkv)$`), "users", true},
	{regexp.MustCompile(`^MstSTATE(live|vod|vodmkv)$`), "state", false},
	{regexp.MustCompile(`^MstIPID(live|vod|vodmkv)$`), "input-pid", false},
	{regexp.MustCompile(`^MstSCnf(live|vod|vodmkv|multi|multits|tsx)$`), "config", true},
	{regexp.MustCompile(`^MstSessionI?[0-9a-f]{64}$`), "session", true},
	{regexp.MustCompile(`^MstStat$`), "statistics", true},
	{regexp.MustCompile(`^MstGlobalConfig$`), "global", true},
	{regexp.MustCompile(`^MstStateLogs$`), "logs", true},
	{regexp.MustCompile(`^MstStateAccs$`), "access-log", true},
	{regexp.MustCompile(`^MstStateStreams$`), "streams", true},
	{regexp.MustCompile(`^MstCapa$`), "capability", true},
	{regexp.MustCompile(`^MstProt$`), "protocols", true},
	{regexp.MustCompile(`^MstStrmKeys$`), "stream-keys", true},
	{regexp.MustCompile(`^MstTRGRSTREAM_BUFFER$`), "triggers", true},
	{regexp.MustCompile(`^MstVars$`), "variables", true},
	{regexp.MustCompile(`^MstExtWriters$`), "writers", true},
	{regexp.MustCompile(`^MstJWK$`), "jwk", true},
	{regexp.MustCompile(`^MstCnns$`), "connectors", true},
	{regexp.MustCompile(`^MstPush$`), "push", false},
	{regexp.MustCompile(`^sem\.MstSem(Inpt|TRKS|User)(live|vod|vodmkv)$`), "semaphore", false},
	{regexp.MustCompile(`^sem\.MstSem(Stat|SessI?[0-9a-f]{64})$`), "semaphore", false},
	{regexp.MustCompile(`^MstProbe(Mix|Comms|Conf|TL4|Small)$`), "", true}, // made for the tests
}

// capturedSecrets are what those servers had to hide.
var capturedSecrets = []string{"secretkey-0123456789", "c2VjcmV0c2VjcmV0c2VjcmV0"}

// capturedRows are how many records some pages have, and how many of them are in
// use, as MistServer's own tools and clients see it.
var capturedRows = map[string][2]int{
	"04-viewers/MstMetalive": {1, 1}, "04-viewers/MstMetalive:tracks": {3, 3}, "04-viewers/MstUserlive": {8, 8}, "04-viewers/MstUservod": {2, 2},
	"04-viewers/MstStat": {8, 8}, "04-viewers/MstCnns": {2, 2}, "04-viewers/MstVars": {2, 2}, "04-viewers/MstExtWriters": {1, 1}, "04-viewers/MstJWK": {1, 1},
	"04-viewers/MstStrmKeys": {1, 1}, "04-viewers/MstTRGRSTREAM_BUFFER": {1, 1}, "04-viewers/MstStateLogs": {92, 92}, "04-viewers/MstStateAccs": {0, 0},
	"04-viewers/MstStateStreams": {3, 3}, "04-viewers/MstGlobalConfig": {1, 1}, "04-viewers/MstSCnflive": {1, 1},
	"04-viewers/MstSession15bc9c2dca7d95deb42164dcbea1c5f9b8323b75eb61d10be8d7599a2c6e5567": {1, 0},
	"01-controller-just-started/MstStat":                                                    {1, 0}, "01-controller-just-started/MstStateStreams": {0, 0}, "11-stuck-all-killed/MstStateAccs": {12, 12},
	"11-stuck-all-killed/MstStateStreams": {1, 1}, "11-stuck-all-killed/MstStateLogs": {264, 264}, "20-vanilla-before-shutdown/MstMetavod:tracks": {2, 2},
}

func TestCaptured(t *testing.T) {
	archives, err := filepath.Glob(filepath.Join(capturedPages, "*.tar.gz"))
	if err != nil || len(archives) == 0 {
		t.Skip("no captured pages in " + capturedPages)
	}
	for _, archive := range archives {
		moment := strings.TrimSuffix(filepath.Base(archive), ".tar.gz")
		t.Run(moment, func(t *testing.T) {
			c := capture{T: t, moment: moment}
			check := c.check
			if strings.HasPrefix(moment, "live-") || strings.HasPrefix(moment, "fork-") || strings.HasPrefix(moment, "mist-") {
				check = c.checkSnapshot
			}
			eachCapturedObject(t, archive, check)
			if c.objects == 0 {
				t.Error("no object in the archive")
			}
			for name := range capturedRows {
				if strings.HasPrefix(name, moment+"/") && !c.seen[name] {
					t.Errorf("%s is not there", name)
				}
			}
		})
	}
}

// eachCapturedObject calls f for every object; of a data page the first bytes are
// enough.
func eachCapturedObject(t *testing.T, archive string, f func(name string, size int, object []byte)) {
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var object bytes.Buffer
	for members := tar.NewReader(unpacked); ; {
		member, err := members.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		folder, name := path.Split(member.Name)
		if path.Base(folder) != "shm" || name == "" {
			continue
		}
		object.Reset()
		var from io.Reader = members
		if strings.HasPrefix(name, "MstData") {
			from = io.LimitReader(members, 64)
		}
		if _, err := object.ReadFrom(from); err != nil {
			t.Fatal(err)
		}
		f(name, int(member.Size), object.Bytes())
	}
}

// capture holds one moment against what is known.
type capture struct {
	*testing.T
	moment  string
	objects int
	seen    map[string]bool
}

func (c *capture) check(name string, size int, object []byte) {
	c.objects++
	o, ok := ParseName(name)
	kind, page, found := capturedKind(name)
	if !found {
		c.Errorf("%s: nobody has said what it is", name)
	}
	if o.Kind != kind || ok != (kind != "") || ok && o.Kind.IsPage() != page {
		c.Errorf("%s is a %q, want %q", name, o.Kind, kind)
	}
	if ok && o.Name() != name {
		c.Errorf("%s is built as %s", name, o.Name())
	}
	switch o.Kind {
	case KindState:
		c.checkState(name, object)
	case KindInputPID:
		if pid, err := DecodePID(object); err != nil || pid < 2 || pid > 1<<22 || size != PIDSize {
			c.Errorf("%s: pid %d, %v", name, pid, err)
		}
	case KindSemaphore:
		c.checkSemaphore(name, o, object)
	case KindPush:
		if size != PushSize {
			c.Errorf("%s has %d bytes", name, size)
		}
	}
	if page && ok {
		c.checkPage(name, Lookup(name), object)
	}
}

// newObjects are those of the fork that upstream 3.10 does not have.
var newObjects = regexp.MustCompile(`^MstMkvExec`)

// checkSnapshot holds an object of a later snapshot against what is known: streams of
// any name, in any state, of any MistServer. Its name says what it is, and what it holds
// can be read, and is written as it was.
func (c *capture) checkSnapshot(name string, size int, object []byte) {
	c.objects++
	o, ok := ParseName(name)
	if !ok && !newObjects.MatchString(name) {
		c.Errorf("%s: its name says nothing", name)
	}
	if ok && o.Name() != name {
		c.Errorf("%s is built as %s", name, o.Name())
	}
	switch {
	case o.Kind == KindState:
		if s, err := DecodeState(object); err != nil || s.State > 6 || s.Size != size {
			c.Errorf("%s: %+v, %v", name, s, err)
		}
	case o.Kind == KindProcess:
		if s, err := DecodeProcessState(object); err != nil || s.Phase > 4 || s.Sequence%2 != 0 || s.Size != uint32(size) {
			c.Errorf("%s: %+v, %v", name, s, err)
		}
	case o.Kind == KindPressure:
		if p, err := DecodePressure(object); err != nil || p.Sequence%2 != 0 || p.Size != uint32(size) {
			c.Errorf("%s: %+v, %v", name, p, err)
		}
	case o.Kind == KindInputPID, o.Kind == KindPullPID:
		if pid, err := DecodePID(object); err != nil || pid < 2 || pid > 1<<22 || size != PIDSize {
			c.Errorf("%s: pid %d, %v", name, pid, err)
		}
	case o.Kind == KindSemaphore:
		if s, err := DecodeSemaphore(object, o.Form); err != nil || s.Layout != Glibc64 || s.Value > 1 || !bytes.Equal(s.Encode(), object) {
			c.Errorf("%s: %+v, %+v, %v", name, o, s, err)
		}
	case o.Kind.IsPage():
		h, err := layout.DecodeHeader(object)
		if err != nil {
			c.Errorf("%s: %v", name, err)
			return
		}
		s, err := layout.DecodeSchema(object, h)
		if err != nil || Lookup(name) == nil || !Lookup(name).Fits(s) {
			c.Errorf("%s: %v", name, err)
		}
	}
}

func capturedKind(name string) (kind Kind, page, found bool) {
	for _, k := range capturedKinds {
		if k.name.MatchString(name) {
			return k.kind, k.page, true
		}
	}
	return "", false, false
}

func (c *capture) checkState(name string, object []byte) {
	s, err := DecodeState(object)
	if err != nil || s.State != StateReady || !s.Usual() || !bytes.Equal(s.Encode(), object) {
		c.Errorf("%s: %+v, %v", name, s, err)
	}
}

// The locks for life are held, whoever lives; all others are free.
func (c *capture) checkSemaphore(name string, o Object, object []byte) {
	s, err := DecodeSemaphore(object, o.Form)
	if err != nil || s.Layout != Glibc64 || s.Waiting || s.Held() != o.Lock.ForLife() || s.Value > 1 || o.Lock == LockUnknown || o.Old {
		c.Errorf("%s: %+v, %+v, %v", name, o, s, err)
	}
	if !bytes.Equal(s.Encode(), object) {
		c.Errorf("%s: written as %x, want %x", name, s.Encode(), object)
	}
}

func (c *capture) checkPage(name string, p *PageInfo, page []byte) {
	h, err := layout.DecodeHeader(page)
	if err != nil {
		c.Errorf("%s: %v", name, err)
		return
	}
	s, err := layout.DecodeSchema(page, h)
	if err != nil {
		c.Errorf("%s: %v", name, err)
		return
	}
	if p == nil {
		c.Errorf("%s: nothing is known of it", name)
		return
	}
	c.checkCounters(name, p, h)
	rows, live := p.Rows(h, len(page)), 0
	for n := rows.First; n < rows.End; n++ {
		at := int(h.Offset) + int(h.Slot(n))*int(h.RecordSize)
		record := page[at : at+int(h.RecordSize)]
		if p.Live(s, record) {
			live++
		}
		for i := range s.Fields() {
			c.checkField(name, p, &s.Fields()[i], record)
		}
	}
	c.checkRows(name, int(rows.Count()), live)
}

// Where they are kept, present and startpos agree with the other counters.
func (c *capture) checkCounters(name string, p *PageInfo, h layout.Header) {
	if p.CountersKept && (uint64(h.Present) != h.EndPos-h.Deleted || uint64(h.StartPos) != h.Deleted) {
		c.Errorf("%s: counters are not kept: %+v", name, h)
	}
}

func (c *capture) checkRows(name string, rows, live int) {
	name = c.moment + "/" + name
	want, listed := capturedRows[name]
	if listed && want != [2]int{rows, live} {
		c.Errorf("%s: %d records, %d of them in use, want %v", name, rows, live, want)
	}
	if c.seen == nil {
		c.seen = map[string]bool{}
	}
	c.seen[name] = true
}

func (c *capture) checkField(name string, p *PageInfo, f *layout.Field, record []byte) {
	m, known := p.Meaning(f.Name)
	if !known || m.About == "" {
		c.Errorf("%s: field %q means nothing", name, f.Name)
	}
	if f.Kind() == layout.Nested {
		c.checkPage(name+":"+f.Name, p.Nested(f.Name), f.In(record))
		return
	}
	v := ValueOf(f, record)
	if v.numeric != isNumeric(m.Unit) && m.Unit != Plain {
		c.Errorf("%s: field %q is a %s, its unit is %q", name, f.Name, f.TypeName(), m.Unit)
	}
	text, _ := m.Text(v, clock)
	decoded, _ := m.AppendDecoded(nil, v, clock)
	redacted := ""
	if f.Kind() == layout.String {
		redacted = m.Redact(string(f.Text(record)))
	}
	masked := bytes.Clone(f.In(record))
	for _, span := range m.Secrets(masked) {
		clear(masked[span.From:span.To])
	}
	for _, secret := range capturedSecrets {
		if strings.Contains(text+string(decoded)+redacted+string(masked), secret) {
			c.Errorf("%s: field %q shows %q", name, f.Name, secret)
		}
	}
	// Nothing else in those pages is secret.
	if m.Secret != SecretAll && (!bytes.Equal(masked, f.In(record)) || f.Kind() == layout.String && redacted != string(f.Text(record))) {
		c.Errorf("%s: field %q shows %q", name, f.Name, redacted)
	}
}

func isNumeric(u Unit) bool { return u != Address && u != InitData && u != NameList }
