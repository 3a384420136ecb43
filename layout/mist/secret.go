package mist

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"shmtool/layout"
)

// Secrecy is what of a value must not be shown.
type Secrecy uint8

// The names of secrets. In every text but a SecretNever: the password of a URL, wherever
// in the text the URL stands; the password of a push:// source; tokens, passwords and
// keys among a URL's parameters (tkn=, pass=, passphrase= and the like) and among the
// members of JSON or of a packed value.
const (
	SecretText    Secrecy = iota // that
	SecretTargets                // that, and the stream keys in targets of pushes, also of a message about one
	SecretAll                    // all of it
	SecretNever                  // nothing: public by its nature
)

// Mark stands in the place of a secret.
const Mark = "***"

// Span is a range of the bytes of a value, [From, To).
type Span struct{ From, To int }

// Redact returns a text with its secrets hidden, for what belongs to no field: a message,
// an error, a command line. It hides stream keys of push targets as well. To redact twice
// is to redact once.
func Redact(text string) string { return Meaning{Secret: SecretTargets}.Redact(text) }

// Redact returns a value of the field with its secrets hidden: each is replaced by Mark,
// the rest stays. To redact twice is to redact once. A value without a secret is given
// back as it is.
func (m Meaning) Redact(value string) string {
	switch {
	case m.Secret == SecretNever || value == "":
		return value
	case m.Secret == SecretAll:
		return Mark
	case !MayHold(value):
		return value
	}
	// Hidden text may have held the end of something else: look again.
	for range maxRedactions {
		redacted := m.redactOnce(value)
		if redacted == value {
			break
		}
		value = redacted
	}
	return value
}

// RedactBytes does what Redact does for bytes: a string, raw bytes, or a packed value. Without a
// secret it is value itself.
func (m Meaning) RedactBytes(value []byte) []byte {
	switch {
	case m.Secret == SecretNever:
		return value
	case m.Secret == SecretAll:
		if len(bytes.TrimRight(value, "\x00")) == 0 {
			return value
		}
		return []byte(Mark)
	case !MayHold(value):
		return value
	}
	value, zeros := bytes.TrimRight(value, "\x00"), value
	redacted := m.Redact(string(value))
	if redacted == string(value) {
		return zeros
	}
	return []byte(redacted)
}

// maxRedactions bounds what needs two in all that could be thought of.
const maxRedactions = 16

func (m *Meaning) redactOnce(value string) string {
	spans := m.Secrets([]byte(value))
	if len(spans) == 0 {
		return value
	}
	var b strings.Builder
	at := 0
	for _, s := range spans {
		b.WriteString(value[at:s.From])
		b.WriteString(Mark)
		at = s.To
	}
	b.WriteString(value[at:])
	return b.String()
}

// MayHold reports whether value may hold a secret. It looks for the bytes that stand
// beside every secret that is not a whole field. Most texts have no such byte.
func MayHold[T string | []byte](value T) bool {
	for i := 0; i < len(value); {
		if i+8 <= len(value) && // eight looks at a time cost a third of one by one
			beside[value[i]]|beside[value[i+1]]|beside[value[i+2]]|beside[value[i+3]]|
				beside[value[i+4]]|beside[value[i+5]]|beside[value[i+6]]|beside[value[i+7]] == 0 {
			i += 8
			continue
		}
		for end := min(i+8, len(value)); i < end; i++ {
			switch beside[value[i]] {
			case always:
				return true
			case afterSlash:
				if i > 0 && (value[i-1] == '/' || value[i-1] == '\\') {
					return true
				}
			case inMessage:
				if len(value)-i >= len(pushMessage) && string(value[i:i+len(pushMessage)]) == pushMessage {
					return true
				}
			}
		}
	}
	return false
}

// beside tells which bytes a secret has beside it: always, if another slash or a
// backslash is before it, or if it begins pushMessage.
var beside = [256]uint8{
	'=': always, '%': always, '"': always, packedInteger: always, packedString: always, packedDouble: always,
	'/': afterSlash, 'A': inMessage,
}

const always, afterSlash, inMessage = 1, 2, 4

// Secrets returns where the secrets of a value are: the bytes of a string, with or
// without what lies behind its end, raw bytes, or a packed value. The spans are in order,
// none is empty, and they do not touch.
func (m Meaning) Secrets(value []byte) []Span {
	switch m.Secret {
	case SecretNever:
		return nil
	case SecretAll:
		if end := len(bytes.TrimRight(value, "\x00")); end > 0 {
			return []Span{{0, end}}
		}
		return nil
	}
	f := finder{text: value, targets: m.Secret == SecretTargets}
	f.urls()
	f.parameters()
	f.members()
	f.packed()
	if f.targets {
		f.messages()
	}
	return merge(f.spans)
}

// Hidden reports whether a value is, or holds, a secret that Redact has hidden:
// such a value must not be written back.
func (m Meaning) Hidden(value string) bool {
	for _, s := range m.Secrets([]byte(value)) {
		if value[s.From:s.To] == Mark {
			return true
		}
	}
	return false
}

// PushTarget is the meaning of a push's targets: they may end in a stream key.
var PushTarget = Meaning{Secret: SecretTargets, About: "where the stream is pushed to"}

// Member returns the meaning of a member of a packed value, or of JSON, by its name:
// settings have their secrets under names of their own.
func Member(name string) Meaning {
	if _, ok := secretMembers[strings.ToLower(name)]; ok {
		return hidden
	}
	return Meaning{Secret: SecretTargets}
}

// secretMembers are the names under which settings have secrets; as parameters of a URL
// they are secret as well.
var secretMembers = set(
	"tkn", "token", "access_token", "pass", "password", "passwd", "passphrase", "pwd", "secret", "secret_key",
	"apikey", "api_key", "streamkey", "stream_key", "encryption", "ivec", "widevine", "playready", "buydrm",
	"pw", "credential", // DTSC's password, and a TURN server's
)

// isSecretField reports whether a field of an unknown page is called as a secret
// is. An integer is a secret only as ivec. A key is one in the pages where MistServer has one, which make it of a size
// of its own: elsewhere the word means anything.
func isSecretField(f *layout.Field) bool {
	switch f.Kind() {
	case layout.String:
		if f.Name == "key" {
			return f.Size == 256 || f.Size == 8192
		}
	case layout.Raw:
	case layout.Uint, layout.Int:
		return f.Name == "ivec"
	default:
		return false
	}
	return isSecretName([]byte(f.Name), secretMembers)
}

// secretParameters are secret as parameters of a URL only.
var secretParameters = set("key", "auth", "jwt", "sig", "signature")

const maxNameSize = 32 // bytes of the longest name that is looked for, and some

func set(names ...string) map[string]struct{} {
	s := make(map[string]struct{}, len(names))
	for _, name := range names {
		s[name] = struct{}{}
	}
	return s
}

// isSecretName reports whether a name, in any case, is one of those.
func isSecretName(name []byte, names map[string]struct{}) bool {
	if len(name) > maxNameSize {
		return false
	}
	_, ok := names[strings.ToLower(string(name))]
	return ok
}

// finder collects the secrets of one text.
type finder struct {
	text    []byte
	targets bool
	spans   []Span
}

func (f *finder) hide(from, to int) {
	if from < to {
		f.spans = append(f.spans, Span{from, to})
	}
}

// merge sorts spans and makes one of those that touch.
func merge(spans []Span) []Span {
	slices.SortFunc(spans, func(a, b Span) int { return cmp.Compare(a.From, b.From) })
	merged := spans[:0]
	for _, s := range spans {
		if n := len(merged); n > 0 && s.From <= merged[n-1].To {
			merged[n-1].To = max(merged[n-1].To, s.To)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}
