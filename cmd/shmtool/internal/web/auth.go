package web

import (
	"crypto/sha256"
	"net/http"
	"sync"

	"golang.org/x/crypto/bcrypt"
)

// noUser is a hash to compare with when there is no such user, so that the time of an answer
// does not tell.
const noUser = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"

// guard lets pass who knows a password of the file, and adds the file's headers. It reads
// the file for each request: a new password needs no new start.
type guard struct {
	path string
	next http.Handler

	mu   sync.Mutex        // to compare takes a CPU for long: one at a time
	seen map[[32]byte]bool // what has been compared
}

// manySeen bounds what a guard remembers.
const manySeen = 128

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := Read(g.path)
	if err != nil {
		http.Error(w, "invalid --web.config.file", http.StatusInternalServerError)
		return
	}
	for name, value := range c.HTTP.Headers {
		w.Header().Set(name, value)
	}
	if len(c.Users) == 0 || g.knows(c, r) {
		g.next.ServeHTTP(w, r)
		return
	}
	w.Header().Set("WWW-Authenticate", "Basic")
	http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
}

// knows reports whether a request has a user's password.
func (g *guard) knows(c *Config, r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	if !ok {
		return false
	}
	hash, known := c.Users[user]
	if !known {
		hash = noUser
	}
	key := sha256.Sum256([]byte(hash + "\x00" + password))
	g.mu.Lock()
	defer g.mu.Unlock()
	right, compared := g.seen[key]
	if !compared {
		right = bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) == nil
		if g.seen == nil || len(g.seen) >= manySeen {
			g.seen = map[[32]byte]bool{}
		}
		g.seen[key] = right
	}
	return right && known
}
