package relaccx

import (
	"hash/maphash"
	"sync"

	"shmtool/layout"
)

// schemas are those of the pages that were opened before. Most pages have the fields of
// another: those of all tracks are the same.
var schemas schemaCache

// schemaCache is a few schemas by the sums of their descriptors.
type schemaCache struct {
	mu    sync.RWMutex
	known map[uint64]*layout.Schema
}

const (
	schemasMost = 64   // schemas are known: pages of strangers do not fill the memory
	schemaMost  = 4096 // bytes of the descriptors of each
)

// fieldsSeed is of the sums of descriptors, which are only compared in this process. A stranger
// does not know it, and so cannot make another page with the same sum.
var fieldsSeed = sync.OnceValue(maphash.MakeSeed)

// fieldsSum returns a sum of the descriptors.
func fieldsSum(head []byte, h layout.Header) uint64 {
	from, end := fieldRange(head, h)
	return maphash.Bytes(fieldsSeed(), head[from:end])
}

// fieldRange returns where in head the descriptors begin, and that they end where the
// records begin.
func fieldRange(head []byte, h layout.Header) (from, end int) {
	end = min(int(h.Offset), len(head))
	return min(int(h.FieldOffset), end), end
}

// of returns what layout.DecodeSchema does, and the sum of the descriptors.
func (c *schemaCache) of(head []byte, h layout.Header) (*layout.Schema, uint64, error) {
	sum := fieldsSum(head, h)
	if int(h.Offset) <= len(head) && h.FieldOffset >= layout.MinFieldOffset {
		c.mu.RLock()
		s := c.known[sum]
		c.mu.RUnlock()
		if s != nil && s.RecordSize() == h.RecordSize {
			return s, sum, nil
		}
	}
	// Another process may change the bytes meanwhile: what is known by their sum must be made
	// of the same ones. The header before them changes all the time, and is not read here.
	from, end := fieldRange(head, h)
	own := make([]byte, end)
	copy(own[from:], head[from:end])
	sum = fieldsSum(own, h)
	s, err := layout.DecodeSchema(own, h)
	if err == nil && end <= schemaMost {
		c.add(sum, s)
	}
	return s, sum, err
}

func (c *schemaCache) add(sum uint64, s *layout.Schema) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = map[uint64]*layout.Schema{}
	}
	if len(c.known) < schemasMost {
		c.known[sum] = s
	}
}
