package mist_test

import (
	"fmt"
	"log"
	"time"

	"shmtool/layout"
	"shmtool/layout/mist"
)

func ExampleParseName() {
	for _, name := range []string{"/MstTraklive+a@b@412-0", "sem.MstSemInptlive", "MstSemTRKSlive", "MstDatalive@1_61"} {
		o, ok := mist.ParseName(name)
		fmt.Printf("%-9s stream %q, pid %d, track %d, key %d, lock %q, %v\n", o.Kind, o.Stream, o.PID, o.Index, o.Key, o.Lock, ok)
	}
	fmt.Println(mist.Object{Kind: mist.KindUsers, Stream: "live"}.Name())
	// Output:
	// track     stream "live+a@b", pid 412, track 0, key 0, lock "", true
	// semaphore stream "live", pid 0, track 0, key 0, lock "input", true
	// semaphore stream "live", pid 0, track 0, key 0, lock "tracks", true
	// data      stream "live", pid 0, track 1, key 61, lock "", true
	// MstUserlive
}

// A page is read by its own descriptors; what is known of it tells which records
// are in use and what their fields mean.
func ExampleLookup() {
	template, _ := mist.KindUsers.Template()
	page := make([]byte, template.Size)
	if err := template.Build(page, layout.StatusReady); err != nil {
		log.Fatal(err)
	}
	h, err := layout.DecodeHeader(page)
	if err != nil {
		log.Fatal(err)
	}
	s, err := layout.DecodeSchema(page, h)
	if err != nil {
		log.Fatal(err)
	}
	record := page[h.Offset : uint32(h.Offset)+h.RecordSize]
	_ = s.Lookup("status").PutUint(record, mist.UserSource|mist.UserActive)
	_ = s.Lookup("keynum").PutUint(record, 1<<64-1)

	info := mist.Lookup("MstUserlive")
	fmt.Println("records:", info.Rows(h, len(page)).Count(), "in use:", info.Live(s, record))
	for i := range s.Fields() {
		f := &s.Fields()[i]
		m, _ := info.Meaning(f.Name)
		if text, ok := m.Text(mist.ValueOf(f, record), mist.Clock{}); ok {
			fmt.Println(f.Name, f.Uint(record), text)
		}
	}
	// Output:
	// records: 1 in use: true
	// status 129 source,active
	// pid 0 none
	// keynum 18446744073709551615 waiting
}

func ExampleMeaning_Text() {
	m, _ := mist.Lookup("MstMetalive", "tracks").Meaning("lastupdate")
	value := mist.Number(1620, 8)
	clock := mist.Clock{Now: 1795357118711 * int64(time.Millisecond), Uptime: 1632 * time.Second}
	fmt.Println(m.Text(value, clock))
	decoded, _ := m.AppendDecoded(nil, value, clock)
	fmt.Printf("%s, in %s: %s\n", decoded, m.Unit, m.About)
	// Output:
	// 12s ago true
	// "2026-11-22T14:18:26.711000000Z", in s since boot: when its source last wrote
}

func ExampleRedact() {
	fmt.Println(mist.Redact("cannot push live to rtmp://user:geheim@example.com/live/abcd-efgh?tkn=x"))
	// Output:
	// cannot push live to rtmp://user:***@example.com/live/***?tkn=***
}

func ExampleDecodeSemaphore() {
	o, _ := mist.ParseName("sem.MstSemTRKSlive")
	s, err := mist.DecodeSemaphore([]byte("\x00\x00\x00\x00\x02\x00\x00\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), o.Form)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: held %v, %d wait, for life %v: %s\n", s.Layout, s.Held(), s.Waiters, o.Lock.ForLife(), o.Lock.About())
	// Output:
	// glibc 64-bit: held true, 2 wait, for life false: held for a moment while a track is added, claimed or removed
}
