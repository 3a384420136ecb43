package mist

import "bytes"

// dialect is one way in which a URL is written into a text. All are in lower
// case.
type dialect struct {
	separator, colon, at string
	ends                 []string // what ends host, port and password
	encoded              bool     // it is a parameter of another URL
}

var dialects = [...]dialect{
	{separator: "://", colon: ":", at: "@", ends: []string{"/", "?", "#"}},
	{separator: `:\/\/`, colon: ":", at: "@", ends: []string{`\/`, "?", "#"}}, // JSON that escapes slashes
	{separator: "%3a%2f%2f", colon: "%3a", at: "%40", ends: []string{"%2f", "%3f", "%23", "/", "?", "#", "&"}, encoded: true},
}

// urls hides the passwords of URLs: user:PASSWORD@host.
func (f *finder) urls() {
	for i := range dialects {
		f.urlsOf(&dialects[i])
	}
}

func (f *finder) urlsOf(d *dialect) {
	at := f.next(d.separator, 0)
	for at >= 0 {
		begin := at + len(d.separator)
		following := f.next(d.separator, begin)
		u := url{finder: f, dialect: d, scheme: f.text[f.schemeBefore(at):at]}
		u.limit = len(f.text)
		if following >= 0 {
			u.limit = max(begin, f.schemeBefore(following))
		}
		u.limit = f.lineEnd(begin, u.limit)
		u.hide(begin)
		at = following
	}
}

// next returns where a text of the dialect stands, at or behind a position, or -1.
func (f *finder) next(what string, from int) int {
	for ; ; from++ {
		i := bytes.IndexByte(f.text[from:], what[0])
		if i < 0 {
			return -1
		}
		from += i
		if f.is(what, from) {
			return from
		}
	}
}

// is reports whether a text of the dialect stands at a position, in any case.
func (f *finder) is(what string, at int) bool {
	if len(f.text)-at < len(what) {
		return false
	}
	for i := range len(what) {
		c := f.text[at+i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != what[i] {
			return false
		}
	}
	return true
}

// schemeBefore returns where the scheme of a URL begins.
func (f *finder) schemeBefore(separator int) int {
	start := separator
	for start > 0 && separator-start <= maxNameSize && (isLetterOrDigit(f.text[start-1]) || f.text[start-1] == '+' || f.text[start-1] == '-' || f.text[start-1] == '.') {
		start--
	}
	return start
}

// lineEnd returns the first quote or control character: no URL goes beyond.
func (f *finder) lineEnd(from, to int) int {
	for i := from; i < to; i++ {
		if c := f.text[i]; c < ' ' || c == '"' || c == 0x7f {
			return i
		}
	}
	return to
}

// url is one URL of a text.
type url struct {
	*finder
	*dialect
	scheme []byte
	limit  int // where it ends at the latest
}

// hide hides the secrets of the URL whose user, or host, begins at a position.
func (u *url) hide(begin int) {
	if u.isInternalOnly(begin) {
		return // a URL in what follows is found on its own
	}
	host := u.hidePassword(begin)
	if isScheme(u.scheme, "push", 0) {
		u.hidePushPassword(begin, host)
	}
	if u.targets && isRTMP(u.scheme) {
		u.hideStreamKey(u.hostEnd(host), u.tokenEnd(host))
	}
}

// isInternalOnly reports whether a URL is a source push://INTERNAL_ONLY:… that
// MistServer itself pushes: the rest is a command, a device or another URL.
func (u *url) isInternalOnly(begin int) bool {
	const word = "internal_only"
	return isScheme(u.scheme, "push", 0) && u.is(word, begin) && u.is(u.colon, begin+len(word))
}

// hidePassword hides what stands between the first colon and the last "@" of the
// part before the path, and says where the host begins. A password that is
// written as it is may have a slash or a blank in it, or be cut off with the text:
// what is behind a colon and no port is hidden as well.
func (u *url) hidePassword(begin int) (host int) {
	end := u.hostEnd(begin)
	host = u.behindLast(u.at, begin, end)
	if u.isPassword(host, end) {
		if further := u.behindLast(u.at, end, u.limit); further > end {
			host, end = further, u.hostEnd(further)
		}
	}
	path := host
	if u.isPassword(host, end) {
		u.finder.hide(u.find(u.colon, host, end)+len(u.colon), end)
		path = end
	}
	if colon := u.find(u.colon, begin, host-len(u.at)); colon >= 0 {
		u.finder.hide(colon+len(u.colon), host-len(u.at))
	}
	return path
}

// behindLast returns where a text of the dialect last ends in a range, or where the range
// begins.
func (u *url) behindLast(what string, from, to int) int {
	if i := u.last(what, from, to); i >= 0 {
		return i + len(what)
	}
	return from
}

// isPassword reports whether what looks like host and port can only be a user and
// the beginning of a password.
func (u *url) isPassword(begin, end int) bool {
	if shut := u.find("]", begin, end); shut >= 0 && u.is("[", begin) && u.isAddress(begin+1, shut) {
		begin = shut
	} else if u.isAddress(begin, end) {
		return false
	}
	colon := u.find(u.colon, begin, end)
	if colon < 0 {
		return false
	}
	port := u.text[colon+len(u.colon) : end]
	digits := 0
	for digits < len(port) && isDigit(port[digits]) {
		digits++
	}
	switch rest := port[digits:]; {
	case digits == 0:
		return !isPunctuation(port)
	case digits > 5:
		return true
	case len(rest) == 0:
		return false
	default:
		return !isPunctuation(rest[:1]) || rest[0] == ':' && len(rest) > 1
	}
}

// isPunctuation reports whether a text has no letter, digit or byte over ASCII,
// and is no hidden password.
func isPunctuation(text []byte) bool {
	for _, c := range text {
		if isLetterOrDigit(c) || c >= 0x80 || c == Mark[0] {
			return false
		}
	}
	return true
}

// isAddress reports whether an IPv6 address stands there, which has colons of its
// own. It may end in a zone.
func (u *url) isAddress(begin, end int) bool {
	if zone := u.find("%", begin, end); zone >= 0 {
		end = zone
	}
	for _, c := range u.text[begin:end] {
		hexDigit := isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f'
		if !hexDigit && c != ':' && c != '.' {
			return false
		}
	}
	return bytes.Count(u.text[begin:end], []byte(":")) > 1
}

// hidePushPassword hides what follows the "@" of a source push://host@PASSWORD.
// In what has a colon before that, user and password may be meant as well.
func (u *url) hidePushPassword(begin, host int) {
	end := u.tokenEnd(host)
	at := u.find(u.at, begin, end)
	if at < 0 {
		return
	}
	from := at + len(u.at)
	if u.find(u.colon, begin, at) >= 0 {
		from = max(from, host)
	}
	u.finder.hide(from, end)
}

func isRTMP(scheme []byte) bool { return isScheme(scheme, "rtmp", 2) }

// isScheme reports whether a scheme is the one named, or that and up to so many
// letters, as in rtmps. In a packed value the byte before it, the last of its
// length, may look like a part of it.
func isScheme(scheme []byte, name string, letters int) bool {
	at := bytes.LastIndex(bytes.ToLower(scheme), []byte(name))
	return at >= 0 && len(scheme)-at <= len(name)+letters
}

// applications are what RTMP servers commonly call the first part of a path. A
// MistServer wants a password there.
var applications = set("live", "live2", "app", "rtmp", "rtmp2", "push", "publish", "ingest", "stream", "streams",
	"show", "play", "origin", "broadcast", "in", "input", "encoder", "event", "channel", "x")

// hideStreamKey hides the path of a push target but for its first part, where
// that is only what the server calls its application; and the values of its
// parameters.
func (u *url) hideStreamKey(begin, end int) {
	query := begin
	for query < end && !u.is("?", query) && !u.is("#", query) && !u.is("%3f", query) && !u.is("&", query) {
		query++
	}
	first := true
	for begin < query {
		slash := u.ends[0]
		if !u.is(slash, begin) {
			begin++
			continue
		}
		begin += len(slash)
		next := u.find(slash, begin, query)
		if next < 0 {
			next = query
		}
		_, common := applications[string(bytes.ToLower(u.text[begin:next]))]
		if !first || !common || next == query {
			u.finder.hide(begin, next)
		}
		first = first && begin == next
		begin = next
	}
	if !u.encoded {
		u.hideValues(query, end)
	}
}

func (u *url) hideValues(begin, end int) {
	for begin < end {
		equals := u.find("=", begin, end)
		if equals < 0 {
			return
		}
		next := u.find("&", equals, end)
		if next < 0 {
			next = end
		}
		u.finder.hide(equals+1, next)
		begin = next
	}
}

// hostEnd returns where the part before the path ends.
func (u *url) hostEnd(begin int) int {
	end := u.tokenEnd(begin)
	for i := begin; i < end; i++ {
		for _, e := range u.ends {
			if u.is(e, i) {
				return i
			}
		}
	}
	return end
}

// tokenEnd returns where the URL ends.
func (u *url) tokenEnd(begin int) int {
	for i := begin; i < u.limit; i++ {
		if u.text[i] == ' ' || u.encoded && u.text[i] == '&' {
			return i
		}
	}
	return u.limit
}

// find returns where a text of the dialect first stands in a range, or -1.
func (u *url) find(what string, from, to int) int {
	for i := from; i+len(what) <= to; i++ {
		if u.is(what, i) {
			return i
		}
	}
	return -1
}

// last returns where a text of the dialect last stands in a range, or -1.
func (u *url) last(what string, from, to int) int {
	for i := to - len(what); i >= from; i-- {
		if u.is(what, i) {
			return i
		}
	}
	return -1
}
