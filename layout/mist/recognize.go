package mist

import "shmtool/layout"

// mark is a field by which a kind of page is known. Any size will do where none is given.
type mark struct {
	name  string
	kind  layout.Kind
	sizes []uint32
}

func text(name string, sizes ...uint32) mark   { return mark{name, layout.String, sizes} }
func number(name string, sizes ...uint32) mark { return mark{name, layout.Uint, sizes} }
func raw(name string, sizes ...uint32) mark    { return mark{name, layout.Raw, sizes} }
func nested(name string) mark                  { return mark{name, layout.Nested, nil} }

// marked is a kind, and the fields by which it is known.
type marked struct {
	kind   Kind
	fields []mark
}

// all reports whether a page has all of the fields.
func (m *marked) all(s *layout.Schema) bool {
	for i := range m.fields {
		if !m.fields[i].on(s) {
			return false
		}
	}
	return true
}

// marks are the fields that make a kind, those that every version of MistServer gives it. A
// kind that stands before another has all of the other's fields, or could be taken for it.
// Sizes are given for names that any program may use.
var marks = [...]marked{
	{KindMeta, []mark{number("vod"), number("live"), nested("tracks")}},
	{KindTrack, []mark{text("codec"), number("firstms"), number("lastms"), nested("parts"), nested("keys")}},
	{KindTrack, []mark{text("codec"), number("firstms"), number("lastms"), nested("frames")}}, // raw video
	{KindUsers, []mark{number("status", 1), number("pid"), number("track"), number("keynum")}},
	{KindStatistics, []mark{number("status", 1), number("pid"), number("lastsecond"), raw("host"), text("connector"), text("sessid")}},
	{KindStatistics, []mark{number("status", 1), number("pid"), number("lastsecond"), raw("host"), text("connector"), number("crc")}}, // to 3.1
	{KindSession, []mark{number("status", 1), number("pid"), number("lastsecond"), raw("host"), text("connector")}},
	{KindGlobal, []mark{text("defaultStream")}},
	{KindLogs, []mark{number("time"), text("kind", 32), text("msg", 512)}},
	{KindAccess, []mark{number("time"), text("session"), text("stream"), text("connector"), text("host"), number("duration")}},
	{KindStreams, []mark{text("stream", 128), number("status", 1), number("viewers"), number("inputs"), number("outputs")}},
	{KindConfig, []mark{{"dtsc_data", layout.DTSC, nil}}},
	{KindProxies, []mark{text("proxy_data")}},
	{KindJWK, []mark{text("kid"), text("kty"), text("key")}},
	{KindKeys, []mark{text("key", 256), text("stream", 128)}},
	{KindTriggers, []mark{text("url"), number("sync", 1), raw("streams")}},
	{KindVariables, []mark{text("name"), text("target"), number("interval"), number("lastRun"), text("lastVal")}},
	{KindWriters, []mark{text("name", 32), text("cmdline", 256), nested("protocols")}}, // to 3.5.1
	{KindWriters, []mark{text("name", 32), text("cmdline", 256), raw("protocols")}},
	{KindConnectors, []mark{text("cmd", 128, 512), number("pid", 8)}},
	{KindCameras, []mark{text("id"), nested("protocols"), nested("streams"), text("webControlUrl")}},
	{KindUDPProxy, []mark{text("local", 28), text("remote", 28), number("pid", 8)}},
}

// on reports whether a page has the field.
func (m *mark) on(s *layout.Schema) bool {
	f := s.Lookup(m.name)
	if f == nil || f.Kind() != m.kind {
		return false
	}
	for _, size := range m.sizes {
		if f.Size == size {
			return true
		}
	}
	return len(m.sizes) == 0
}

// Recognize returns what is known of a page by its fields alone, where its name says
// nothing: a copy under another name, a page from a pipe. The page has the fields that
// make the kind in every version of MistServer, whatever else it has or lacks. Recognize
// returns nil when there is no such kind. For the configurations, which are alike, it is
// the first.
func Recognize(s *layout.Schema) *PageInfo {
	for i := range marks {
		if marks[i].all(s) {
			return pages[marks[i].kind]
		}
	}
	return nil
}

// RulesFor returns what is known of a page: info, which its name has given, when it fits
// the page's fields, or else what the fields say.
func RulesFor(info *PageInfo, s *layout.Schema) *PageInfo {
	if info.Fits(s) {
		return info
	}
	return Recognize(s)
}

// RunsOn reports whether a page may claim a few bytes more than its file has, by its
// name or its fields: MistServer makes a MstMeta that is too short, by 6 bytes in
// 3.0 and 3.1, and by 2 from 64 track slots on in 3.5 to 3.10, and uses the rest of
// the last memory page. Any other page that ends before its records do was cut short.
func RunsOn(name string, page []byte) bool {
	if o, ok := ParseName(name); ok {
		return o.Kind == KindMeta
	}
	h, err := layout.DecodeHeader(page)
	if err != nil || int(h.Offset) > len(page) || h.FieldOffset < layout.MinFieldOffset {
		return false
	}
	schema, err := layout.DecodeSchema(page, h)
	return err == nil && Recognize(schema) == KindMeta.Page()
}
