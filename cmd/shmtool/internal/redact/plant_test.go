package redact

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
)

// planter makes a server in which every place that may hold a secret holds one of its own.
type planter struct {
	t       *testing.T
	dir     string
	secrets []string
	objects map[string]int // sizes
}

// secret returns a new secret, of the shape of a stream key.
func (p *planter) secret() string {
	s := fmt.Sprintf("q%dZw%dkJ", 7919*(len(p.secrets)+13), len(p.secrets))
	p.secrets = append(p.secrets, s)
	return s
}

// host is an address that is planted in binary and in text.
const host = "203.0.113.77"

var longHost = "2001:db8:77:1::c0de"

func (p *planter) object(name string, b []byte) {
	p.t.Helper()
	p.objects[name] = len(b)
	if err := os.WriteFile(filepath.Join(p.dir, shmName, name), b, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

const shmName, procName = "shm", "proc"

// nameOf is what an object of a kind is called in the test.
func (p *planter) nameOf(k mist.Kind) string {
	o := mist.Object{Kind: k, Stream: "live", PID: 77, Index: 0, Key: 5}
	switch k {
	case mist.KindSession:
		o.ID = strings.Repeat("0123456789abcdef", 4)
		p.secrets = append(p.secrets, o.ID)
	case mist.KindTriggers:
		o.ID = "USER_NEW"
	case mist.KindUDPProxy:
		o.ID = host + "-4242"
	}
	return o.Name()
}

// schemas are of the kinds that have no template.
var schemas = map[mist.Kind]string{
	mist.KindProxies:    "proxy_data:raw:64\n",
	mist.KindCapability: "dtsc_data:dtsc:1k\n",
	mist.KindProtocols:  "dtsc_data:dtsc:1k\n",
	mist.KindConfig:     "dtsc_data:dtsc:1k\n",
	mist.KindCameras: "id:string:64\nname:string:64\nstatus:string:32\nhost:string:64\nprotocol:string:32\nwebControlUrl:string:128\nserialNumber:string:64\n" +
		"protocols:nested[2]\n  type:string:32\n  username:string:64\n  password:string:64\nstreams:nested[2]\n  uri:string:256\n",
	mist.KindUDPProxy: "local:raw:28\nremote:raw:28\npid:uint32\n",
	mist.KindTrack:    strings.ReplaceAll(trackSchema(), "init:raw:1M", "init:raw:128"),
}

func trackSchema() string {
	return mist.TrackTemplate(mist.TrackRoom{Fragments: 2, Keys: 2, Parts: 2, Pages: 2}).Schema
}

// page makes a page of a kind with secrets everywhere.
func (p *planter) page(k mist.Kind) {
	p.t.Helper()
	text, has := schemas[k]
	if t, ok := k.Template(); ok && !has {
		text = t.Schema
	}
	schema, err := layout.ParseSchema(text + "unknown_text:string:48\nunknown_bytes:raw:48\nunknown_packed:dtsc:200\n")
	if err != nil {
		p.t.Fatal(k, err)
	}
	shape := layout.Shape{Schema: schema, RecordCount: 3}
	h := shape.Header()
	b := make([]byte, h.PageSize()+64)
	if err := shape.Build(b, layout.StatusReady); err != nil {
		p.t.Fatal(k, err)
	}
	p.plant(b, k.Page())
	p.object(p.nameOf(k), b)
}

// plant fills record 0 of a page, and all else but its header and its fields.
func (p *planter) plant(b []byte, info *mist.PageInfo) {
	h, err := layout.DecodeHeader(b)
	if err != nil {
		p.t.Fatal(err)
	}
	schema, err := layout.DecodeSchema(b, h)
	if err != nil {
		p.t.Fatal(err)
	}
	h.EndPos, h.Present, h.Status = 1, 1, layout.StatusReady
	if info != nil && info.Rule == mist.RuleSlots {
		h.RecordCount = 1
	}
	h.Encode(b)
	record := b[h.Offset:][:h.RecordSize]
	all := schema.Fields()
	for i := range all {
		f := &all[i]
		switch in := f.In(record); f.Kind() {
		case layout.Nested:
			p.plant(in, info.Nested(f.Name))
		case layout.Uint, layout.Int:
			_ = f.PutUint(record, 1)
		default:
			copy(in, p.value(f, treatmentOf(info, f)))
		}
	}
	for rest := b[int(h.Offset)+int(h.RecordSize):]; len(rest) > 0; {
		rest = rest[copy(rest, p.secret()):]
	}
}

// value returns a value of a field that holds secrets, also behind its end.
func (p *planter) value(f *layout.Field, t treatment) []byte {
	behind := "\x00" + p.secret()
	switch {
	case t == address:
		a := netip.MustParseAddr("::ffff:" + host).As16()
		return a[:]
	case t == socket:
		a := netip.MustParseAddr(host).As4()
		return append([]byte{familyIP4, 0, 0x10, 0x92}, append(a[:], behind...)...)
	case t == names:
		return []byte("live" + behind)
	case t == pages:
		return []byte("/MstTraklive@77-0" + behind)
	case t == lists:
		item := p.secret()
		return append(binary.LittleEndian.AppendUint32(nil, uint32(len(item))), item+"\x00\x00\x00\x00"+behind...)
	case t == initData:
		item := p.secret()
		return append(binary.BigEndian.AppendUint16(nil, uint16(len(item))), item+behind...)
	case f.Kind() == layout.DTSC:
		return p.packed(f, behind)
	case f.Size >= 300:
		return []byte(p.sentence() + behind)
	case f.Kind() == layout.String && f.Size > 40:
		return []byte(p.secret() + behind)
	}
	return []byte(p.secret())[:min(int(f.Size), 16)]
}

// sentence returns a text as a log may have it.
func (p *planter) sentence() string {
	plain := p.secret()
	return fmt.Sprintf(`Push of live to rtmp://user:%s@%s.example/live/%s?tkn=%s failed from %s, [%s]:1935: {"password":"%s","x":"%s"} base64 %s`,
		p.secret(), p.secret(), p.secret(), p.secret(), host, longHost, p.secret(), p.secret(), base64.StdEncoding.EncodeToString([]byte(plain)))
}

func (p *planter) packed(f *layout.Field, behind string) []byte {
	text := fmt.Sprintf(`{"source":"rtsp://u:%s@h/","password":"%s","name":"%s","%s":1,"processes":[{"process":"AV","target":"%s"}],"address":"%s"}`,
		p.secret(), p.secret(), p.secret(), p.secret(), p.secret(), host)
	if f.Size < 512 {
		text = fmt.Sprintf(`{"passphrase":"%s","x":"%s"}`, p.secret(), p.secret())
	}
	b, err := dtsc.Pack(nil, []byte(text))
	if err != nil {
		p.t.Fatal(err)
	}
	return append(b, behind...)
}

// others makes the objects that are no pages.
func (p *planter) others(k mist.Kind) {
	var b []byte
	switch k {
	case mist.KindPush:
		var err error
		b, err = dtsc.AppendPushList(nil, []dtsc.Push{{PID: 77, Stream: "live", Original: "srt://" + host + "?passphrase=" + p.secret(), Final: "rtmp://h/live/" + p.secret()}})
		if err != nil {
			p.t.Fatal(err)
		}
	case mist.KindData:
		for i := range 3 {
			b, _ = dtsc.AppendPacket(b, &dtsc.Packet{Time: uint64(i) * 40, Key: i == 0}, []byte(p.secret()))
		}
		b = append(b, 0, 0, 0, 0)
	case mist.KindProcess:
		b = make([]byte, mist.ProcessStateSize)
		binary.LittleEndian.PutUint32(b, 3)
		binary.LittleEndian.PutUint32(b[4:], mist.ProcessStateSize)
		copy(b[shortReason:], p.secret()+"\x00"+p.secret())
		copy(b[longReason:], "connection to "+host+" lost "+p.secret()+"\x00"+p.secret())
		p.object(mist.Object{Kind: k, PID: 78}.Name(), []byte(p.secret()))
	case mist.KindSemaphore:
		b = append([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0}, p.secret()+strings.Repeat(".", 40)...)[:32]
		p.object("sem.MstSemInptlive", b)
		return
	case mist.KindTemporary:
		p.object("sem.aB3dE9", []byte(strings.Repeat(p.secret(), 4)))
		return
	case mist.KindState, mist.KindInputPID, mist.KindPullPID, mist.KindPressure, mist.KindAttempt:
		b = make([]byte, map[mist.Kind]int{mist.KindState: mist.StateSize, mist.KindPressure: mist.PressureSize, mist.KindAttempt: 1}[k])
		if len(b) == 0 {
			b = mist.EncodePID(77)
		}
	}
	p.object(p.nameOf(k), append(b, p.secret()...))
}

// processes makes two processes, MistServer's and another.
func (p *planter) processes() {
	write := func(pid, name, text string) {
		path := filepath.Join(p.dir, procName, pid, name)
		_ = os.MkdirAll(filepath.Dir(path), 0o700)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
	write("77", "stat", "77 (MistOutRTMP) S 1 77 77 0 -1 4194560")
	write("77", "comm", "MistOutRTMP\n")
	write("77", "status", "Name:\tMistOutRTMP\nNSpid:\t77\n"+p.secret()+":\t"+p.secret()+"\n")
	write("77", "cmdline", strings.Join([]string{
		"/opt/" + p.secret() + "/MistOutRTMP", "--stream", "live", "--ip", host, "--tkn", p.secret(), "--target",
		"rtmp://" + p.secret() + ".example/live2/" + p.secret(), "--prequest", "GET /live.ts?tkn=" + p.secret() + " HTTP/1.1\r\nCookie: " + p.secret() + "\r\nHost: " + p.secret() + "\r\n",
	}, "\x00")+"\x00")
	write("77", "maps", "7f00-7f01 rw-s 00000000 00:4b 84    /home/"+p.secret()+"/shm/MstMetalive (deleted)\n7f00-7f01 rw-s 00000000 00:4b 84    /home/"+p.secret()+"/file\n")
	write("77", "environ", "AWS_SECRET="+p.secret())
	write("77", "task/77/syscall", "202 0x7f00 0x0 "+p.secret())
	write("1", "stat", "1 ("+p.secret()+") S 0 1 1")
	write("1", "comm", p.secret()+"\n")
	write("1", "cmdline", "bash\x00-c\x00curl -u admin:"+p.secret()+" camera\x00")
	write("1", "status", "Name:\t"+p.secret()+"\n")
	write(".", "uptime", "100.00 0.00\n")
	write(".", "cmdline", p.secret())
}

// everywhere makes all of it, and returns what moment.json says.
func everywhere(t *testing.T) (*planter, *procs.Saved) {
	t.Helper()
	p := &planter{t: t, dir: t.TempDir(), objects: map[string]int{}}
	for _, name := range []string{shmName, procName} {
		if err := os.Mkdir(filepath.Join(p.dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, k := range mist.Kinds() {
		if k.IsPage() {
			p.page(k)
		} else {
			p.others(k)
		}
	}
	p.object("MstFuture"+p.secret(), []byte(strings.Repeat(p.secret(), 9)))
	p.object("MstTrakbroken@5-1", []byte(strings.Repeat(p.secret(), 9)))
	p.processes()
	s := &procs.Saved{
		Schema: procs.SavedSchema, Machine: p.secret(), BootID: p.secret(), Kernel: "Linux 6.1.0-" + p.secret(), ShmDir: "/var/lib/" + p.secret() + "/shm",
		Objects: []procs.SavedObject{{Name: "MstMetalive", Problem: "open /" + p.secret()}}, Others: []procs.SavedObject{{Name: procs.SavedName(p.secret())}},
	}
	return p, s
}
