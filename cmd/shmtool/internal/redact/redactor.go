package redact

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"shmtool/layout/mist"
)

// Redactor replaces what is private in one snapshot.
type Redactor struct {
	key      []byte
	learning bool // nothing is written yet
	streams  *phrases
	secrets  *phrases
	isStream map[string]bool
	address  map[netip.Addr]netip.Addr
	taken    map[netip.Addr]bool // addresses that stand for another

	short      map[string][]byte // what stands for a short word
	takenWords map[string]bool   // words that stand for another
}

// New returns a Redactor that keeps the names of streams.
func New(streams []string) *Redactor {
	r := &Redactor{
		key: make([]byte, sha256.Size), isStream: map[string]bool{}, streams: newPhrases(), secrets: newPhrases(),
		address: map[netip.Addr]netip.Addr{}, taken: map[netip.Addr]bool{},
		short: map[string][]byte{}, takenWords: map[string]bool{},
	}
	_, _ = rand.Read(r.key) // it never fails
	for _, stream := range streams {
		r.isStream[stream] = true
		r.streams.add([]byte(stream))
	}
	r.streams.sort()
	return r
}

// leastSecret is the length from which a secret is looked for in other texts.
const leastSecret = 4

// learn notes a secret, so that it is found in other texts as well. A number that any
// counter may have is not looked for, nor is the name of a stream.
func (r *Redactor) learn(secret []byte) {
	if !r.learning || len(secret) < leastSecret || isShortNumber(secret) || r.isStream[string(secret)] {
		return
	}
	r.secrets.add(bytes.Clone(secret))
}

// leastNumber is the length from which a number is looked for in other texts, where a
// field says that it is a secret.
const leastNumber = 5

// learnParts notes a secret of a field, and its parts that may stand alone, as a key in
// JSON.
func (r *Redactor) learnParts(secret []byte) {
	if r.learning && isShortNumber(secret) && len(secret) >= leastNumber && !r.isStream[string(secret)] {
		r.secrets.add(bytes.Clone(secret))
	}
	r.learn(secret)
	for from, to := range runs(secret) {
		if part := secret[from:to]; len(part) >= 2*leastSecret && !isWord(part) {
			r.learn(part)
		}
	}
}

// digest returns bytes that follow from a value, as many as are asked for.
func (r *Redactor) digest(what string, value []byte, size int) []byte {
	var out []byte
	for i := byte(0); len(out) < size; i++ {
		h := hmac.New(sha256.New, r.key)
		h.Write([]byte(what))
		h.Write([]byte{i})
		h.Write(value)
		out = h.Sum(out)
	}
	return out[:size]
}

// replaced returns what stands for a word: digits for digits, and letters for letters.
func (r *Redactor) replaced(word []byte) []byte {
	if len(word) > sessionPart && isHexID(word) {
		return r.replacedID(word)
	}
	if len(word) > shortWord {
		return r.drawn(word, 0)
	}
	if known, ok := r.short[string(word)]; ok {
		return known
	}
	const tries = 50 // there may be no more words of so few letters
	var out []byte
	for i := range tries {
		if out = r.drawn(word, i); !r.takenWords[string(out)] && !bytes.Equal(out, word) && !vocabulary()[strings.ToLower(string(out))] {
			break
		}
	}
	r.short[string(word)], r.takenWords[string(out)] = out, true
	return out
}

// shortWord is the length up to which two words may by chance have the same replacement,
// which is avoided: they may be the names of two objects.
const shortWord = 8

// drawn returns a random word of the shape of another.
func (r *Redactor) drawn(word []byte, try int) []byte {
	out := r.digest("word"+strconv.Itoa(try), word, len(word))
	for i, c := range word {
		out[i] = like(c, out[i])
	}
	return out
}

// like returns a byte of the class of c that follows from a random one.
func like(c, random byte) byte {
	switch {
	case isDigit(c):
		return '0' + random%10
	case c >= 'A' && c <= 'Z':
		return 'A' + random%26
	case c <= ' ' || c == 0x7f:
		return c
	}
	return 'a' + random%26
}

// sessionPart is how many characters of a session's id MstStateAccs has.
const sessionPart = 31

// replacedID returns what stands for the id of a session. Its beginning stands for the
// beginning of the id, and a letter for its kind stays.
func (r *Redactor) replacedID(id []byte) []byte {
	head := r.digest("id", id[:sessionPart], sessionPart)
	out := append(head, r.digest("id", id, len(id)-sessionPart)...)
	for i := range out {
		out[i] = "0123456789abcdef"[out[i]%16]
	}
	if !isHexDigit(id[0]) {
		out[0] = id[0]
	}
	return out
}

// isHexID reports whether a word is the id of a session, or the beginning of one.
func isHexID(word []byte) bool {
	if len(word) < sessionPart || !isHexDigit(word[0]) && !strings.ContainsRune("IOU", rune(word[0])) {
		return false
	}
	return !slices.ContainsFunc(word[1:], func(c byte) bool { return !isHexDigit(c) })
}

// phrases are texts by the word that they begin with, the longest first once they are
// sorted.
type phrases struct {
	first map[string][][]byte
	has   map[string]bool
}

func newPhrases() *phrases { return &phrases{map[string][][]byte{}, map[string]bool{}} }

func (p *phrases) add(text []byte) {
	text = bytes.TrimLeftFunc(text, func(c rune) bool { return c < 0x80 && !isWordByte(byte(c)) })
	first := string(text[:wordEnd(text, 0)])
	if first == "" || p.has[string(text)] {
		return
	}
	p.has[string(text)] = true
	p.first[first] = append(p.first[first], text)
}

func (p *phrases) sort() {
	for _, all := range p.first {
		slices.SortFunc(all, func(a, b []byte) int { return len(b) - len(a) })
	}
}

// at returns how long the longest phrase is that begins with the word text[from:to], and
// ends where a word does.
func (p *phrases) at(text []byte, from, to int) int {
	for _, phrase := range p.first[string(text[from:to])] {
		end := from + len(phrase)
		if bytes.HasPrefix(text[from:], phrase) && (end == len(text) || !isWordByte(text[end]) || !isWordByte(text[end-1])) {
			return len(phrase)
		}
	}
	return 0
}

// isSecret reports whether a text is a secret that was learned.
func (r *Redactor) isSecret(text []byte) bool { return r.secrets.has[string(text)] }

// Name returns what an object is called in the redacted snapshot.
func (r *Redactor) Name(name string) string {
	is, known := mist.ParseName(name)
	switch {
	case known && is.ID != "" && is.Kind != mist.KindTriggers && strings.HasSuffix(name, is.ID):
		return strings.TrimSuffix(name, is.ID) + string(r.word([]byte(is.ID)))
	case known:
		return name
	}
	// The beginning tells that a newer MistServer made it, which doctor and ls say.
	head, rest := "", name
	if mist.UnknownName(name) {
		head = name[:strings.Index(name, mistPrefix)+len(mistPrefix)]
		rest = name[len(head):]
	}
	if isBinary([]byte(rest)) {
		return head + string(r.replacedAll([]byte(rest)))
	}
	return head + string(r.text([]byte(rest), nil))
}

// mistPrefix is what the names of MistServer's objects begin with.
const mistPrefix = "Mst"

// word returns an id or a name that is one word, replaced.
func (r *Redactor) word(id []byte) []byte {
	if isHexID(id) {
		return r.replaced(id)
	}
	return r.text(id, nil)
}
