package redact

import (
	"bytes"
	"slices"

	"shmtool/layout/mist"
)

// text returns a text of the same length in which words that are not harmless are
// replaced. all are ranges of it that are private whatever stands in them.
func (r *Redactor) text(text []byte, all []mist.Span) []byte {
	if isBinary(text) {
		return blanked(text)
	}
	out := bytes.Clone(text)
	private := r.private(text, all)
	for at := 0; at < len(text); {
		if s := spanAt(private, at); s.To > at {
			copy(out[at:], r.replacedAll(text[at:s.To]))
			at = s.To
			continue
		}
		limit := nextSpan(private, at, len(text))
		if n, address := r.addressAt(text[:limit], at); n > 0 {
			copy(out[at:], address)
			at += n
			continue
		}
		if !isWordByte(text[at]) {
			at++
			continue
		}
		at += r.phrase(out[:limit], text[:limit], at)
	}
	return out
}

// phrase treats what begins with a word: a secret, the name of a stream, or words that
// are joined. It returns how many bytes that is.
func (r *Redactor) phrase(out, text []byte, at int) int {
	end := wordEnd(text, at)
	if n := r.secrets.at(text, at, end); n > 0 {
		copy(out[at:], r.replacedAll(text[at:at+n]))
		return n
	}
	if at == 0 || !isJoint(text[at-1]) {
		if n := r.streams.at(text, at, end); n > 0 {
			return n
		}
		if n := r.object(out, text, at); n > 0 {
			return n
		}
	}
	joined := joinedEnd(text, at)
	if !r.mayStay(text[at:joined]) {
		for from, to := range runs(text[at:joined]) {
			copy(out[at+from:], r.replaced(text[at+from:at+to]))
		}
	}
	return joined - at
}

// object treats the name of an object, which may be that of a session.
func (r *Redactor) object(out, text []byte, at int) int {
	if !bytes.HasPrefix(text[at:], []byte("Mst")) && !bytes.HasPrefix(text[at:], []byte("sem.Mst")) {
		return 0
	}
	n := spanOf(text[at:min(len(text), at+longestName)], func(c byte) bool { return c > ' ' && c != '/' && c != '"' && c != '\'' && c != ',' && c != ';' })
	name := string(text[at : at+n])
	is, known := mist.ParseName(name)
	if !known || is.Stream != "" && !r.isStream[is.Stream] {
		return 0
	}
	copy(out[at:], r.Name(name))
	return n
}

// longestName is the most bytes that the name of an object has, and one.
const longestName = 256

// isJoint reports whether a byte joins two words to one, as in a file's name.
func isJoint(c byte) bool {
	return c == '-' || c == '_' || c == '.' || c == '~' || c == '+' || c == '@'
}

// joinedEnd returns where the words end that are joined to the one at a byte.
func joinedEnd(text []byte, at int) int {
	for {
		at = wordEnd(text, at)
		if at+1 >= len(text) || !isJoint(text[at]) || !isWordByte(text[at+1]) {
			return at
		}
		at++
	}
}

// mayStay reports whether joined words may stay. Words that are harmless one by one may be
// a secret together, unless it is known that they belong together.
func (r *Redactor) mayStay(joined []byte) bool {
	if isSetting(joined) || isSourceFile(joined) {
		return true
	}
	words := 0
	for from, to := range runs(joined) {
		if word := joined[from:to]; !isWord(word) || r.isSecret(word) {
			return false
		}
		words++
	}
	return words == 1 || isVersion(joined)
}

// isVersion reports whether joined words are short numbers.
func isVersion(joined []byte) bool {
	const most = 3 // four are an address
	return len(bytes.Trim(joined, "0123456789.-")) == 0 && bytes.Count(joined, []byte("."))+bytes.Count(joined, []byte("-")) < most
}

// isSourceFile reports whether joined words are a file of MistServer's source, as its log
// has it: input_buffer.cpp.
func isSourceFile(joined []byte) bool {
	name, ok := bytes.CutSuffix(joined, []byte(".cpp"))
	return ok && len(name) <= 40 && len(bytes.Trim(name, letters+"_")) == 0
}

// isSetting reports whether joined words are the name of a setting.
func isSetting(joined []byte) bool { return len(joined) <= 24 && settings[string(joined)] }

// settings are names of settings that have a joint.
var settings = set("always_on", "stop_sessions", "fallback_stream", "x-LSP-disable", "x-LSP-name", "x-LSP-kind", "track_select", "track_inhibit",
	"exit_unmask", "restart_type", "restart_delay", "sample_rate", "external_writers", "config_on_disk", "connection_handler", "keep-alive", "x86_64", "User-Agent", "INTERNAL_ONLY", "half-made")

func set(names ...string) map[string]bool {
	s := map[string]bool{}
	for _, name := range names {
		s[name] = true
	}
	return s
}

// replacedAll returns what stands for a text that is private as a whole: words for its
// words, and letters for all but the most common punctuation.
func (r *Redactor) replacedAll(text []byte) []byte {
	out := r.digest("all", text, len(text))
	for i, c := range text {
		if out[i] = like(c, out[i]); c == '.' || c == '-' || c == ':' {
			out[i] = c
		}
	}
	for from, to := range runs(text) {
		copy(out[from:], r.replaced(text[from:to]))
	}
	return out
}

// blanked returns bytes of which only tells where zeros were.
func blanked(b []byte) []byte {
	out := make([]byte, len(b))
	for i, c := range b {
		if c != 0 {
			out[i] = blank
		}
	}
	return out
}

const blank = 'x'

// private returns the ranges of a text that are private by where they stand: secrets,
// users and parameters of URLs, hosts. It learns them.
func (r *Redactor) private(text []byte, all []mist.Span) []mist.Span {
	spans := slices.Clone(all)
	for _, s := range (mist.Meaning{Secret: mist.SecretTargets}).Secrets(text) {
		r.learnParts(text[s.From:s.To])
		spans = append(spans, s)
	}
	for _, s := range (&urls{r: r, text: text}).find() {
		if value := text[s.From:s.To]; !isWord(value) {
			r.learn(value)
		}
		spans = append(spans, s)
	}
	slices.SortFunc(spans, func(a, b mist.Span) int { return a.From - b.From })
	merged := spans[:0]
	for _, s := range spans {
		if n := len(merged); n > 0 && s.From < merged[n-1].To {
			merged[n-1].To = max(merged[n-1].To, s.To)
		} else if s.From < s.To {
			merged = append(merged, s)
		}
	}
	return merged
}

func spanAt(spans []mist.Span, at int) mist.Span {
	i, _ := slices.BinarySearchFunc(spans, at, func(s mist.Span, at int) int {
		if s.To <= at {
			return -1
		}
		return 1
	})
	if i < len(spans) && spans[i].From <= at {
		return spans[i]
	}
	return mist.Span{}
}

// nextSpan returns where the next range begins.
func nextSpan(spans []mist.Span, at, end int) int {
	i, _ := slices.BinarySearchFunc(spans, at, func(s mist.Span, at int) int {
		if s.From <= at {
			return -1
		}
		return 1
	})
	if i < len(spans) {
		return spans[i].From
	}
	return end
}
