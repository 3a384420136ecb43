package redact

import (
	"bytes"
	"net/netip"
	"strings"

	"shmtool/layout/mist"
)

// urls finds what is private in the URLs of a text, and in headers of HTTP.
type urls struct {
	r     *Redactor
	text  []byte
	spans []mist.Span
}

func (u *urls) find() []mist.Span {
	for at := 0; at < len(u.text); at++ {
		i := bytes.Index(u.text[at:], []byte("://"))
		if i < 0 {
			break
		}
		at += i + len("://")
		u.authority(at)
	}
	u.parameters()
	u.members()
	u.flags()
	if bytes.Contains(u.text, []byte("HTTP/1.")) {
		u.headers()
	}
	return u.spans
}

// hide notes a range, and learns it where it is no word of the vocabulary.
func (u *urls) hide(from, to int) {
	if from < to {
		u.spans = append(u.spans, mist.Span{From: from, To: to})
	}
}

// authority hides the user and the host of the URL whose scheme ends before a byte.
func (u *urls) authority(at int) {
	end := at + spanOf(u.text[at:], func(c byte) bool { return c > ' ' && !strings.ContainsRune("/?#\"'<>\\,;)|", rune(c)) })
	if i := bytes.LastIndexByte(u.text[at:end], '@'); i >= 0 {
		u.hide(at, at+i)
		at += i + 1
	}
	host := u.text[at:end]
	if bytes.HasPrefix(host, []byte("[")) {
		return // an address, which is found as one
	}
	if i := bytes.IndexByte(host, ':'); i >= 0 {
		host = host[:i]
	}
	if _, err := netip.ParseAddr(string(host)); err == nil || isNoHost(host) || u.r.isStream[string(host)] {
		return
	}
	u.hide(at, at+len(host))
}

// isNoHost reports whether what stands in the place of a host names none of the network.
func isNoHost(host []byte) bool {
	switch strings.ToLower(string(host)) {
	case "localhost", "internal_only", "":
		return true
	}
	return host[0] == '$'
}

// parameters hides the values of ?NAME=VALUE&NAME=VALUE, and what follows a "#" in a URL.
func (u *urls) parameters() {
	for at := 0; at < len(u.text); at++ {
		i := bytes.IndexByte(u.text[at:], '?')
		if i < 0 {
			return
		}
		at += i + 1
		end := at + spanOf(u.text[at:], func(c byte) bool { return c > ' ' && !strings.ContainsRune("\"'<>\\", rune(c)) })
		for at < end {
			next := at + spanOf(u.text[at:end], func(c byte) bool { return c != '&' && c != ';' })
			if equals := bytes.IndexByte(u.text[at:next], '='); equals >= 0 {
				u.hide(at+equals+1, next)
			} else if !isWord(u.text[at:next]) {
				u.hide(at, next)
			}
			at = next + 1
		}
	}
}

// privateMembers are members of settings, beside those that are secret, whose values say
// whose server it is.
var privateMembers = set("user", "username", "login", "host", "hostname", "pubhost", "pubaddr", "email", "cert", "certificate", "fingerprint", "serial", "serialnumber", "location")

// isPrivateMember reports whether a member of settings is private, by its name.
func isPrivateMember(name string) bool {
	return mist.Member(name).Secret == mist.SecretAll || privateMembers[strings.ToLower(name)]
}

// members hides the values of private members of JSON: "username":"VALUE".
func (u *urls) members() {
	for at := 0; at < len(u.text); at++ {
		i := bytes.IndexByte(u.text[at:], '"')
		if i < 0 {
			return
		}
		at += i + 1
		n := bytes.IndexByte(u.text[at:], '"')
		if n < 0 {
			return
		}
		rest := bytes.TrimLeft(u.text[at+n+1:], " \t")
		value, is := bytes.CutPrefix(rest, []byte(":"))
		value = bytes.TrimLeft(value, " \t")
		if is && isPrivateMember(string(u.text[at:at+n])) && bytes.HasPrefix(value, []byte(`"`)) {
			from := len(u.text) - len(value) + 1
			u.hide(from, from+spanOf(u.text[from:], func(c byte) bool { return c != '"' }))
		}
		at += n
	}
}

// flags hides what follows a flag for a user or a secret in a command line: -u USER:PASS,
// --password PASS.
func (u *urls) flags() {
	for at := 0; at < len(u.text); at++ {
		i := bytes.IndexByte(u.text[at:], '-')
		if i < 0 {
			return
		}
		at += i
		if at > 0 && u.text[at-1] > ' ' {
			continue
		}
		end := at + spanOf(u.text[at:min(len(u.text), at+longestAddress)], func(c byte) bool { return c > ' ' && c != '=' })
		name := strings.TrimLeft(string(u.text[at:end]), "-")
		if end == len(u.text) || name != "u" && !isPrivateMember(name) {
			continue
		}
		from := end + 1
		u.hide(from, from+spanOf(u.text[from:], func(c byte) bool { return c > ' ' }))
	}
}

// headers hides the values of the headers of a request.
func (u *urls) headers() {
	from := 0
	for line := range bytes.SplitAfterSeq(u.text, []byte("\n")) {
		name, value, is := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(":"))
		if is && len(bytes.Trim(name, letters+"-")) == 0 && !strings.EqualFold(string(name), "accept") {
			start := from + len(name) + 1 + spanOf(value, func(c byte) bool { return c == ' ' })
			u.hide(start, from+len(name)+1+len(value))
		}
		from += len(line)
	}
}
